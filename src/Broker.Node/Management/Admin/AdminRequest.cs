using System.Globalization;
using Broker.Actors.Inspection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Broker.Node.Management.Admin;

/// <summary>What an operator asks, and of whom.</summary>
/// <param name="Node">Who is asked.</param>
/// <param name="Query">The question's particulars.</param>
internal sealed record AdminRequest(NodeInspection Node, IQueryCollection Query)
{
    /// <summary>A particular that may be missing; null: it is. An empty one is not.</summary>
    /// <exception cref="InspectionException">Invalid: there are several.</exception>
    public string? Find(string name) => !Query.TryGetValue(name, out StringValues values) ? null
        : values is [{ } value] ? value
        : throw new InspectionException(InspectionFailure.Invalid, $"the question names {values.Count} times a '{name}'");

    /// <summary>A particular that must be there.</summary>
    /// <exception cref="InspectionException">Invalid: it is missing.</exception>
    public string Need(string name) => Find(name) ?? throw new InspectionException(InspectionFailure.Invalid, $"the question names no '{name}'");

    /// <summary>A number between two bounds; where it is missing, what it is then.</summary>
    /// <exception cref="InspectionException">Invalid: it is none, or beyond the bounds.</exception>
    public int Number(string name, int missing, int least, int most) => Find(name) is not { } text
        ? missing
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new InspectionException(InspectionFailure.Invalid, $"'{text}' is no {name}: a number from {least} to {most}");
}
