namespace Akka.Coordination;

/// <summary>Whether a lease is held can't be told.</summary>
public class LeaseException : Exception
{
    public LeaseException(string message)
        : base(message)
    {
    }

    public LeaseException(string message, Exception innerEx)
        : base(message, innerEx)
    {
    }
}

/// <summary>The operation took longer than <c>lease-operation-timeout</c>.</summary>
public sealed class LeaseTimeoutException : LeaseException
{
    public LeaseTimeoutException(string message)
        : base(message)
    {
    }

    public LeaseTimeoutException(string message, Exception innerEx)
        : base(message, innerEx)
    {
    }
}
