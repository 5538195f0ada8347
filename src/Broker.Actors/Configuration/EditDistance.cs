namespace Broker.Actors.Configuration;

/// <summary>Levenshtein distance, for "did you mean".</summary>
internal static class EditDistance
{
    /// <summary>The least number of inserted, removed and replaced characters that turn one string into the other.</summary>
    public static int Between(string first, string second)
    {
        int[] previous = [.. Enumerable.Range(0, second.Length + 1)];
        int[] current = new int[second.Length + 1];
        for (int i = 1; i <= first.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= second.Length; j++)
            {
                int replace = previous[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[second.Length];
    }
}
