using Broker.TestSupport.Simulation;
using Microsoft.Extensions.Logging;

namespace Broker.Simulation;

/// <summary>Puts what the broker logs into the trace, for whoever reads it; runs are not compared by it.</summary>
internal sealed class TraceLoggers : ILoggerFactory
{
    /// <summary>The run that is traced, once it is made.</summary>
    public SimulatedWorld? World { get; set; }

    public ILogger CreateLogger(string categoryName) => new TraceLogger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class TraceLogger(TraceLoggers loggers, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string who = SynchronizationContext.Current is SimulatedProcess process ? process.Name : name;
            loggers.World?.Trace.Remark(loggers.World.Elapsed, who, $"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }
}
