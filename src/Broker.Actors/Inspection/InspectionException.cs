namespace Broker.Actors.Inspection;

/// <summary>Why an operator's question has no answer.</summary>
public enum InspectionFailure
{
    /// <summary>It cannot be understood.</summary>
    Invalid,

    /// <summary>It is about something that there is not.</summary>
    NotFound,

    /// <summary>It is understood, and refused as the node stands now.</summary>
    Refused,

    /// <summary>Whoever knows did not answer in time.</summary>
    NoAnswer,
}

/// <summary>An operator's question has no answer. The message says why, and what to do.</summary>
public sealed class InspectionException : Exception
{
    public InspectionException(InspectionFailure failure, string message, Exception? cause = null)
        : base(message, cause) => Failure = failure;

    /// <summary>The kind of reason.</summary>
    public InspectionFailure Failure { get; }
}
