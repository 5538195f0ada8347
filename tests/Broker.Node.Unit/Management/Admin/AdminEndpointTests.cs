using System.Net;
using System.Net.Http.Json;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Broker.Node.Management.Admin;
using Broker.TestSupport.Brokers;

namespace Broker.Node.Unit.Management.Admin;

/// <summary>Whom the admin endpoint answers, and what it says to the others.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class AdminEndpointTests
{
    private const string Show = "/admin/cluster";
    private const string Leave = "/admin/cluster/leave";

    [SkippableFact]
    public async Task Whoever_asks_from_elsewhere_than_a_loopback_address_is_told_to_ask_there()
    {
        IPAddress? other = NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Skip.If(other is null, "this machine has no address but loopback ones");
        int port = FreePort.Take();
        await using RunningNode node = await RunningNode.StartAsync(("management.listener", $"0.0.0.0:{port}"));
        using HttpClient http = new();

        using HttpResponseMessage refused = await http.GetAsync($"http://{other}:{port}{Show}", node.Cancellation);
        using HttpResponseMessage health = await http.GetAsync($"http://{other}:{port}/health", node.Cancellation);
        using HttpResponseMessage answered = await http.GetAsync($"http://127.0.0.1:{port}{Show}", node.Cancellation);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.OK), (refused.StatusCode, health.StatusCode, answered.StatusCode));
        Assert.Contains("loopback addresses only", await ErrorAsync(refused), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin", "http://127.0.0.1:9644")]
    [InlineData("Origin", "null")]
    [InlineData("Host", "somewhere.example")]
    public async Task Web_page_in_a_browser_on_this_machine_is_refused(string header, string value)
    {
        await using RunningNode node = await RunningNode.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, Leave);
        request.Headers.Add(header, value);

        using HttpResponseMessage answer = await node.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("no web page", await ErrorAsync(answer), StringComparison.Ordinal);
        Assert.False(node.StopRequested.IsCompleted);
    }

    [Theory]
    [InlineData("GET", Leave, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", Show, HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", Show, HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/admin", HttpStatusCode.NotFound)]
    [InlineData("GET", "/admin/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/administration", HttpStatusCode.NotFound)]
    [InlineData("POST", "/admin/cluster/leave?address=a&address=b", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/admin/cluster/down", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/admin/actors?depth=", HttpStatusCode.BadRequest)]
    public async Task What_is_not_asked_as_it_should_be_is_refused(string method, string path, HttpStatusCode expected)
    {
        await using RunningNode node = await RunningNode.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path);

        using HttpResponseMessage answer = await node.SendAsync(request);

        Assert.Equal(expected, answer.StatusCode);
        Assert.False(node.StopRequested.IsCompleted);
    }

    private static async Task<string> ErrorAsync(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<AdminError>())!.Error;
}
