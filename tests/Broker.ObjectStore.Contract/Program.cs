using Broker.ObjectStore.Contract;

return await ChildMode.RunAsync(args);
