using Broker.Wire.Generator;
using Broker.Wire.Generator.Schema;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: Broker.Wire.Generator SCHEMA_FOLDER OUTPUT_FOLDER");
    return 2;
}

try
{
    IReadOnlyDictionary<string, string> files = WireGenerator.Generate(WireGenerator.ReadSchema(args[0]));
    Directory.CreateDirectory(args[1]);
    foreach (string stale in Directory.GetFiles(args[1], "*.g.cs").Where(path => !files.ContainsKey(Path.GetFileName(path))))
    {
        File.Delete(stale);
    }

    foreach ((string name, string contents) in files)
    {
        File.WriteAllText(Path.Combine(args[1], name), contents);
    }

    Console.WriteLine($"{files.Count} files in {args[1]}");
    return 0;
}
catch (SchemaException problem)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
