using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Broker.ObjectStore.Unit")]
[assembly: InternalsVisibleTo("Broker.ObjectStore.Contract")]
[assembly: InternalsVisibleTo("Broker.Benchmarks")]
