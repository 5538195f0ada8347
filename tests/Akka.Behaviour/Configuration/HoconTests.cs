using Akka.Configuration;

namespace Akka.Behaviour.Configuration;

/// <summary>HOCON as far as settings use it.</summary>
public sealed class HoconTests
{
    [Fact]
    public void Objects_dotted_keys_and_comments_are_read()
    {
        Config config = ConfigurationFactory.ParseString("""
            # a comment
            a {
              b = 1 // another
              c.d : "text # not a comment"
            }
            a.e = on
            """);
        Assert.Equal(1, config.GetInt("a.b"));
        Assert.Equal("text # not a comment", config.GetString("a.c.d"));
        Assert.True(config.GetBoolean("a.e"));
        Assert.False(config.HasPath("a.f"));
    }

    [Fact]
    public void Later_objects_merge_and_later_values_win()
    {
        Config config = ConfigurationFactory.ParseString("""
            a { b = 1, c = 2 }
            a { c = 3 }
            """);
        Assert.Equal(1, config.GetInt("a.b"));
        Assert.Equal(3, config.GetInt("a.c"));
    }

    [Fact]
    public void Arrays_and_appending_work()
    {
        Config config = ConfigurationFactory.ParseString("""
            a = [x, "y z"]
            a += w
            """);
        Assert.Equal(["x", "y z", "w"], config.GetStringList("a"));
    }

    [Fact]
    public void Substitutions_refer_to_the_text_and_optional_ones_may_find_nothing()
    {
        Config config = ConfigurationFactory.ParseString("""
            base = 5
            copy = ${base}
            kept = old
            kept = ${?nothing.of.this.name}
            defaults { x = 1, y = 2 }
            own = ${defaults} { y = 3 }
            """);
        Assert.Equal(5, config.GetInt("copy"));
        Assert.Equal(1, config.GetInt("own.x"));
        Assert.Equal(3, config.GetInt("own.y"));
    }

    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("500ms", 500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("250", 250)]
    public void Time_spans_have_units(string text, double milliseconds)
    {
        Config config = ConfigurationFactory.ParseString($"a = {text}");
        Assert.Equal(milliseconds, config.GetTimeSpan("a").TotalMilliseconds);
    }

    [Fact]
    public void Infinite_time_span_is_the_infinite_timeout() =>
        Assert.Equal(Timeout.InfiniteTimeSpan, ConfigurationFactory.ParseString("a = infinite").GetTimeSpan("a"));

    [Fact]
    public void Fallback_fills_what_is_missing()
    {
        Config config = ConfigurationFactory.ParseString("a { b = 1 }")
            .WithFallback(ConfigurationFactory.ParseString("a { b = 2, c = 3 }"));
        Assert.Equal(1, config.GetInt("a.b"));
        Assert.Equal(3, config.GetInt("a.c"));
        Assert.Equal(3, config.GetConfig("a").GetInt("c"));
    }

    [Fact]
    public void Triple_quoted_text_is_taken_as_it_is() =>
        Assert.Equal("a \"b\"\n c", ConfigurationFactory.ParseString("x = \"\"\"a \"b\"\n c\"\"\"").GetString("x"));

    [Theory]
    [InlineData("a = {")]
    [InlineData("a = \"open")]
    [InlineData("a = ${missing.path.of.tests}")]
    public void Faulty_text_is_an_error(string text) =>
        Assert.ThrowsAny<Exception>(() => ConfigurationFactory.ParseString(text).GetString("a"));
}
