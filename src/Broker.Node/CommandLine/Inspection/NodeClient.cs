using System.Net;
using System.Text.Json;
using Broker.Node.Management;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary>Asks a running node by its management endpoint.</summary>
internal static class NodeClient
{
    // Longer than the node itself waits for others (3 s), so that its own word on who is silent comes first.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="address">Where: <c>HOST:PORT</c>.</param>
    /// <param name="method">GET for questions, POST for what changes something.</param>
    /// <param name="pathAndQuery">Below <see cref="AdminEndpoint.Root"/>.</param>
    /// <exception cref="NodeSilentException">There is no answer, or a refusal; the message says what, where, and what to do.</exception>
    /// <exception cref="OperationCanceledException">Through <paramref name="ct"/>.</exception>
    public static async Task<T> AskAsync<T>(string address, HttpMethod method, string pathAndQuery, CancellationToken ct)
    {
        Uri place = new($"http://{address}{AdminEndpoint.Root}{pathAndQuery}");

        // No proxy: the address is this machine's.
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        using HttpRequestMessage question = new(method, place);
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(question, ct);
            string body = await answer.Content.ReadAsStringAsync(ct);
            return answer.IsSuccessStatusCode ? Read<T>(body) : throw new NodeSilentException(RefusalOf(answer.StatusCode, body, address)) { IsBadQuestion = answer.StatusCode == HttpStatusCode.BadRequest };
        }
        catch (Exception cause) when (cause is HttpRequestException or JsonException)
        {
            throw new NodeSilentException($"no running node answers on {address}: {(cause.InnerException ?? cause).Message.TrimEnd('.')}. Is it running, and is {address} its management.listener? Another one is asked by --node HOST:PORT", cause);
        }
        catch (TaskCanceledException cause) when (!ct.IsCancellationRequested)
        {
            throw new NodeSilentException($"the node on {address} did not answer within {Patience.TotalSeconds} s: see its log", cause);
        }
    }

    private static T Read<T>(string body) => JsonSerializer.Deserialize<T>(body, ManagementServer.Json) ?? throw new JsonException("it answered nothing");

    private static string RefusalOf(HttpStatusCode status, string body, string address)
    {
        try
        {
            return JsonSerializer.Deserialize<AdminError>(body, ManagementServer.Json) is { Error.Length: > 0 } refusal
                ? $"{refusal.Error} (the node on {address})"
                : Unknown();
        }
        catch (JsonException)
        {
            return Unknown();
        }

        string Unknown() => $"what answers on {address} says {(int)status} {status}: if that is a node's management.listener, the node is of another build, or its log says what failed";
    }
}

/// <summary>A node did not answer as it was asked to; the message is for the operator.</summary>
internal sealed class NodeSilentException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>No node could answer it: the command line is at fault.</summary>
    public bool IsBadQuestion { get; init; }
}
