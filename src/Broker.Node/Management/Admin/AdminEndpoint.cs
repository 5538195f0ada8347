using System.Collections.Frozen;
using System.Net;
using Broker.Actors.Inspection;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Broker.Node.Management.Admin;

/// <summary>
/// The part of the <see cref="ManagementServer"/> that the command line asks: GET for questions, POST for what changes something. It answers connections from this machine only, and
/// no page in a browser on it. What it cannot answer it says in an <see cref="AdminError"/>.
/// </summary>
internal static class AdminEndpoint
{
    /// <summary>Where all its paths begin.</summary>
    public static readonly PathString Root = "/admin";

    private static readonly FrozenDictionary<(string Method, string Path), Func<AdminRequest, Task<object>>> Routes =
        ((IReadOnlyList<AdminRoute>)[.. ClusterRoutes.All, .. ShardingRoutes.All, .. MetadataRoutes.All, .. GroupRoutes.All, .. ActorRoutes.All])
            .ToFrozenDictionary(route => (route.Method, Root + route.Path), route => route.Answer);

    /// <summary>Answers a request whose path begins with <see cref="Root"/>.</summary>
    public static Task AnswerAsync(HttpContext context, IManagedNode node)
    {
        if (RefusalOf(context) is { } refusal)
        {
            return RefuseAsync(context, StatusCodes.Status403Forbidden, refusal);
        }

        string path = context.Request.Path.Value!;
        if (!Routes.TryGetValue((context.Request.Method, path), out Func<AdminRequest, Task<object>>? answer))
        {
            string[] methods = [.. Routes.Keys.Where(route => route.Path == path).Select(route => route.Method)];
            return methods is [] ? RefuseAsync(context, StatusCodes.Status404NotFound, $"this build knows no {path}")
                : RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"{path} is asked by {string.Join(", ", methods)}");
        }

        return node.Inspection is { } inspection
            ? AnswerAsync(context, new AdminRequest(inspection, context.Request.Query), answer)
            : RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "the node is still starting: it waits for its store or its cluster, or opens what it leads; its log says which. Ask again when /health/ready answers 200");
    }

    private static async Task AnswerAsync(HttpContext context, AdminRequest request, Func<AdminRequest, Task<object>> answer)
    {
        object document;
        try
        {
            document = await answer(request);
        }
        catch (InspectionException refused)
        {
            await RefuseAsync(context, StatusOf(refused.Failure), refused.Message);
            return;
        }

        await ManagementServer.WriteAsync(context, document);
    }

    /// <summary>Why whoever asks is not to be answered; null: it is.</summary>
    private static string? RefusalOf(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } from || !IPAddress.IsLoopback(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from))
        {
            return $"{Root}/ answers connections from loopback addresses only, and this one is from {context.Connection.RemoteIpAddress}: run the command on the node's own machine, and have management.listener include a loopback address (127.0.0.1:PORT or 0.0.0.0:PORT)";
        }

        // A page of somebody else's in the operator's browser is on this machine as well; so is one whose name is made to resolve to it.
        return context.Request.Headers.ContainsKey(HeaderNames.Origin) || !IsThisMachine(context.Request.Host.Host)
            ? $"{Root}/ answers no web page: ask by an IP address or localhost, and without an Origin header"
            : null;
    }

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);

    private static int StatusOf(InspectionFailure failure) => failure switch
    {
        InspectionFailure.Invalid => StatusCodes.Status400BadRequest,
        InspectionFailure.NotFound => StatusCodes.Status404NotFound,
        InspectionFailure.Refused => StatusCodes.Status409Conflict,
        InspectionFailure.NoAnswer => StatusCodes.Status504GatewayTimeout,
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "no kind of failure"),
    };

    private static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return ManagementServer.WriteAsync(context, new AdminError(error));
    }
}

/// <summary>Why there is no answer.</summary>
/// <param name="Error">What is wrong and what to do, in a sentence.</param>
public sealed record AdminError(string Error);

/// <summary>A question or a command, and who answers it.</summary>
/// <param name="Path">Below <see cref="AdminEndpoint.Root"/>.</param>
internal sealed record AdminRoute(string Method, string Path, Func<AdminRequest, Task<object>> Answer)
{
    /// <summary>A question that is answered from memory.</summary>
    public static AdminRoute Get(string path, Func<AdminRequest, object> answer) => new(HttpMethods.Get, path, request => Task.FromResult(answer(request)));

    /// <summary>A question that others are asked for.</summary>
    public static AdminRoute GetAsync<T>(string path, Func<AdminRequest, Task<T>> answer)
        where T : class => new(HttpMethods.Get, path, async request => await answer(request));

    /// <summary>A command.</summary>
    public static AdminRoute Post(string path, Func<AdminRequest, object> answer) => new(HttpMethods.Post, path, request => Task.FromResult(answer(request)));

    /// <summary>A command that others carry out.</summary>
    public static AdminRoute PostAsync<T>(string path, Func<AdminRequest, Task<T>> answer)
        where T : class => new(HttpMethods.Post, path, async request => await answer(request));
}
