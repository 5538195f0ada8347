using Broker.Node.CommandLine;

return await Commands.RunAsync(args);
