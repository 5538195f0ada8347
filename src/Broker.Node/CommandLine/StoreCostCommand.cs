using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Broker.Actors.Configuration;
using Broker.Node.Management;
using Broker.Node.Metrics;

namespace Broker.Node.CommandLine;

/// <summary><c>broker store cost [server.properties] [--override key=value]... [--json] [--price-...]</c>: what a running node's requests to its object store cost.</summary>
internal sealed class StoreCostCommand
{
    // The node answers from memory, on this machine or a near one.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Option<decimal> _put = Price("--price-put", "Dollars for a thousand PUT, COPY, POST and LIST requests.", StorePrices.S3Standard.Per1000Puts);
    private readonly Option<decimal> _get = Price("--price-get", "Dollars for a thousand GET and HEAD requests.", StorePrices.S3Standard.Per1000Gets);
    private readonly Option<decimal> _month = Price("--price-gb-month", "Dollars for a GB (2^30 bytes) stored for a month.", StorePrices.S3Standard.PerGbMonth);
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON document instead of a table." };

    /// <summary>Gives a command this one's options.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_put);
        command.Options.Add(_get);
        command.Options.Add(_month);
        command.Options.Add(_json);
    }

    /// <summary>Asks the node and prints. Exit code 0; 1 when no node answers.</summary>
    public async Task<int> RunAsync(BrokerOptions options, ParseResult parsed, CancellationToken ct)
    {
        if (ManagementAddress.TryFind(options.Management.Listener, out string problem) is not { } address)
        {
            await Console.Error.WriteLineAsync($"broker: {problem}");
            return ExitCodes.CannotStart;
        }

        Uri place = new($"http://{address}/store/requests");
        try
        {
            StorePrices prices = new(parsed.GetValue(_put), parsed.GetValue(_get), parsed.GetValue(_month));
            StoreCost cost = StoreCost.Of(await AskAsync(place, ct), prices);
            await Console.Out.WriteLineAsync(parsed.GetValue(_json) ? JsonSerializer.Serialize(cost, ManagementServer.Json) : StoreCostTable.Of(cost).TrimEnd());
            return ExitCodes.Success;
        }
        catch (Exception cause) when (cause is HttpRequestException or JsonException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"broker: no running node answers on {place} (management.listener): {cause.Message}");
            return ExitCodes.CannotStart;
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"broker: the node on {place} (management.listener) did not answer within {Patience.TotalSeconds} s");
            return ExitCodes.CannotStart;
        }
    }

    private static async Task<StoreUsage> AskAsync(Uri place, CancellationToken ct)
    {
        // No proxy: the address is this machine's, or one that the operator gave as it is.
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        using HttpResponseMessage answer = await client.GetAsync(place, ct);
        answer.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<StoreUsage>(await answer.Content.ReadAsStringAsync(ct), ManagementServer.Json)
            ?? throw new JsonException("it answered nothing");
    }

    private static Option<decimal> Price(string name, string description, decimal listed)
    {
        Option<decimal> option = new(name) { Description = description, HelpName = "dollars", DefaultValueFactory = _ => listed };
        option.Validators.Add(given =>
        {
            // What is no number at all, the parser says itself.
            if (given.Tokens is [var token] && decimal.TryParse(token.Value, CultureInfo.InvariantCulture, out decimal price) && price < 0)
            {
                given.AddError($"{name} must not be negative");
            }
        });
        return option;
    }
}
