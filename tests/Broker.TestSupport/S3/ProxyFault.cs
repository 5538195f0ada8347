namespace Broker.TestSupport.S3;

/// <summary>A request as the proxy sees it.</summary>
/// <param name="Method">GET, PUT...</param>
/// <param name="Target">Path and query, as they were sent.</param>
/// <param name="Headers">By lower-case name.</param>
public sealed record ProxiedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Whether it is a PUT with a condition.</summary>
    public bool IsConditionalPut => Method == "PUT" && (Headers.ContainsKey("if-none-match") || Headers.ContainsKey("if-match"));
}

/// <summary>What befalls one request on its way.</summary>
public abstract record ProxyFault
{
    private ProxyFault()
    {
    }

    /// <summary>The connection breaks when the request has arrived at the proxy; the server never sees it.</summary>
    public static ProxyFault DropRequest { get; } = new Break(IsForwarded: false);

    /// <summary>The server does what it is asked; the connection breaks before its answer comes back.</summary>
    public static ProxyFault DropResponse { get; } = new Break(IsForwarded: true);

    /// <summary>The server gets the request twice, one after the other; the second answer comes back.</summary>
    public static ProxyFault Duplicate { get; } = new SendTwice();

    /// <summary>Nothing happens until the client goes away; the server never sees the request.</summary>
    public static ProxyFault HangBefore { get; } = new Hang(IsForwarded: false);

    /// <summary>The server does what it is asked; its answer never comes back.</summary>
    public static ProxyFault HangAfter { get; } = new Hang(IsForwarded: true);

    /// <summary>An error of S3's form comes back.</summary>
    /// <param name="status">Such as 503.</param>
    /// <param name="code">Such as "SlowDown".</param>
    /// <param name="isForwarded">Whether the server got the request nevertheless.</param>
    public static ProxyFault Answer(int status, string code, bool isForwarded) => new Error(status, code, isForwarded);

    /// <summary>Such a body comes back with status 200; the server never sees the request.</summary>
    public static ProxyFault AnswerBody(string xml) => new Error(200, "OK", IsForwarded: false) { Body = xml };

    /// <summary>The answer's head comes back and so many bytes of its body; then the connection breaks.</summary>
    public static ProxyFault TruncateResponse(long bodyBytes) => new CutBody(bodyBytes, Stall: null);

    /// <summary>The answer's head comes back and so many bytes of its body; the others when <paramref name="stall"/> is done.</summary>
    public static ProxyFault StallResponse(long bodyBytes, Task stall) => new CutBody(bodyBytes, stall);

    /// <summary>The request is not forwarded before <paramref name="until"/> is done.</summary>
    public static ProxyFault Hold(Task until) => new Held(until);

    internal sealed record Break(bool IsForwarded) : ProxyFault;

    internal sealed record SendTwice : ProxyFault;

    internal sealed record Hang(bool IsForwarded) : ProxyFault;

    internal sealed record Error(int Status, string Code, bool IsForwarded) : ProxyFault
    {
        public string Body { get; init; } = $"<Error><Code>{Code}</Code><Message>injected</Message></Error>";
    }

    internal sealed record CutBody(long Bytes, Task? Stall) : ProxyFault;

    internal sealed record Held(Task Until) : ProxyFault;
}
