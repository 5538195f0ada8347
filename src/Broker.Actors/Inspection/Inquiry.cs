using Akka.Actor;

namespace Broker.Actors.Inspection;

/// <summary>Questions to actors on an operator's behalf.</summary>
internal static class Inquiry
{
    /// <summary>Actors answer from memory, on this node or a near one; somebody waits at a terminal.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="actor">Who knows.</param>
    /// <param name="question">The message.</param>
    /// <param name="nobody">What to say when there is no answer in time: who was asked, and what to do.</param>
    /// <exception cref="InspectionException">NoAnswer.</exception>
    public static async Task<T> AskAsync<T>(ICanTell actor, object question, string nobody)
    {
        try
        {
            return await actor.Ask<T>(question, Patience).ConfigureAwait(false);
        }
        catch (Exception silent) when (silent is AskTimeoutException or SchedulerException)
        {
            throw new InspectionException(InspectionFailure.NoAnswer, $"no answer within {Patience.TotalSeconds} s: {nobody}", silent);
        }
    }
}
