using Broker.Actors.Configuration;

namespace Broker.Actors.Unit.Fakes;

/// <summary>Options as a node would have them, with some settings given.</summary>
internal static class TestOptions
{
    public static BrokerSettings Settings(params (string Name, string Value)[] given) =>
        BrokerSettings.From(given.Select(one => new GivenSetting(one.Name, one.Value, SettingSource.Override, "test")));

    public static BrokerOptions Of(params (string Name, string Value)[] given) => BrokerOptions.From(Settings(given));

    public static TopicConfig Topic(params (string Name, string Value)[] overrides) =>
        new(Settings(), overrides.ToDictionary(one => one.Name, one => one.Value));
}
