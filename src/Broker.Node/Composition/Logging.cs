using System.Globalization;
using Broker.Actors.Configuration;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>Serilog behind Microsoft's logging interfaces, to the console.</summary>
internal static class Logging
{
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    public static ILoggerFactory Create(BrokerSettings settings)
    {
        LogEventLevel level = Enum.Parse<LogEventLevel>(settings.Text("console.log.level")!, ignoreCase: true);
        LoggerConfiguration configuration = new LoggerConfiguration()
            .MinimumLevel.Is(level)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // A start that failed is told once, by the command line, and not with the host's stack trace.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal)
            .WriteTo.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture);
        return new SerilogLoggerFactory(configuration.CreateLogger(), dispose: true);
    }
}
