using System.Globalization;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>DescribeConfigs 1-4 of topics and of this broker: every setting with its value, source and, if asked, synonyms (KIP-226). Values of sensitive settings are never told.</summary>
internal sealed class DescribeConfigsHandler(BrokerServices services) : IRequestHandler
{
    private const sbyte TopicResource = 2;
    private const sbyte BrokerResource = 4;

    // KIP-226's source numbers.
    private const sbyte StaticBrokerSource = 4;
    private const sbyte DefaultSource = 5;

    public ApiKey ApiKey => ApiKey.DescribeConfigs;

    public VersionRange Versions => new(DescribeConfigsRequest.LowestVersion, DescribeConfigsRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        DescribeConfigsRequest request = (DescribeConfigsRequest)exchange.Request;
        exchange.Respond(new DescribeConfigsResponse
        {
            Results = [.. request.Resources.Select(resource => Describe(exchange.Client, request, resource))],
        });
    }

    private DescribeConfigsResponse.DescribeConfigsResult Describe(ClientIdentity client, DescribeConfigsRequest request, DescribeConfigsRequest.DescribeConfigsResource resource) => resource.ResourceType switch
    {
        TopicResource => DescribeTopic(client, request, resource),
        BrokerResource => DescribeBroker(client, request, resource),
        _ => Failed(resource, ErrorCode.InvalidRequest, $"resource type {resource.ResourceType} is not served; topics (2) and brokers (4) are"),
    };

    private DescribeConfigsResponse.DescribeConfigsResult DescribeTopic(ClientIdentity client, DescribeConfigsRequest request, DescribeConfigsRequest.DescribeConfigsResource resource)
    {
        if (!services.Authorizer.Allows(client, AclOperation.DescribeConfigs, AclResource.Topic, resource.ResourceName))
        {
            return Failed(resource, ErrorCode.TopicAuthorizationFailed, null);
        }

        if (TopicNames.Problem(resource.ResourceName) is { } badName)
        {
            return Failed(resource, ErrorCode.InvalidTopicException, badName);
        }

        if (services.Metadata.Current.FindTopic(resource.ResourceName) is not { } topic)
        {
            return Failed(resource, ErrorCode.UnknownTopicOrPartition, null);
        }

        TopicConfig config = new(services.Options.Settings, topic.Configs);
        return Succeeded(resource, SettingCatalog.Of(SettingScope.Topic).Where(s => IsWanted(resource, s)).Select(setting =>
        {
            List<DescribeConfigsResponse.DescribeConfigsSynonym> synonyms = TopicSynonyms(setting, topic);
            return Entry(request, setting, config.Value(setting.Name).Text, SourceOf(synonyms), isReadOnly: false, synonyms);
        }));
    }

    private DescribeConfigsResponse.DescribeConfigsResult DescribeBroker(ClientIdentity client, DescribeConfigsRequest request, DescribeConfigsRequest.DescribeConfigsResource resource)
    {
        if (!services.Authorizer.Allows(client, AclOperation.DescribeConfigs, AclResource.Cluster, IAuthorizer.ClusterName))
        {
            return Failed(resource, ErrorCode.ClusterAuthorizationFailed, null);
        }

        // An empty name asks for the cluster-wide dynamic defaults: none can be set yet.
        if (resource.ResourceName.Length == 0)
        {
            return Succeeded(resource, []);
        }

        if (!int.TryParse(resource.ResourceName, CultureInfo.InvariantCulture, out int id) || id != services.Options.NodeId.Value)
        {
            return Failed(resource, ErrorCode.InvalidRequest, $"'{resource.ResourceName}' is not this broker; ask broker {services.Options.NodeId} for its own settings");
        }

        BrokerSettings settings = services.Options.Settings;
        return Succeeded(resource, SettingCatalog.Of(SettingScope.Broker).Where(s => IsWanted(resource, s)).Select(setting =>
            {
                List<DescribeConfigsResponse.DescribeConfigsSynonym> synonyms = Synonyms([setting.Name]);
                return Entry(request, setting, settings.Text(setting.Name), SourceOf(synonyms), isReadOnly: true, synonyms);
            }));
    }

    // As in Kafka: what comes first among the synonyms is in effect, and without any it is the default.
    private static sbyte SourceOf(List<DescribeConfigsResponse.DescribeConfigsSynonym> synonyms) => synonyms is [var first, ..] ? first.Source : DefaultSource;

    private static bool IsWanted(DescribeConfigsRequest.DescribeConfigsResource resource, SettingDefinition setting) =>
        resource.ConfigurationKeys is not { Count: > 0 } keys || keys.Contains(setting.Name);

    private List<DescribeConfigsResponse.DescribeConfigsSynonym> TopicSynonyms(SettingDefinition setting, TopicState topic)
    {
        List<DescribeConfigsResponse.DescribeConfigsSynonym> synonyms = [];
        if (topic.Configs.TryGetValue(setting.Name, out string? own))
        {
            synonyms.Add(new() { Name = setting.Name, Value = own, Source = (sbyte)TopicConfig.Origin.Topic });
        }

        synonyms.AddRange(Synonyms(setting.Synonyms));
        return synonyms;
    }

    // Kafka's order: all that were given, then the defaults; and nothing that comes before the first name.
    private List<DescribeConfigsResponse.DescribeConfigsSynonym> Synonyms(IReadOnlyList<string> names)
    {
        BrokerSettings settings = services.Options.Settings;
        SettingDefinition[] definitions = [.. names.Select(name => SettingCatalog.Find(SettingScope.Broker, name)!)];
        IEnumerable<(SettingDefinition Setting, string? Value, sbyte Source)> all =
        [
            .. definitions.Where(d => settings.Given(d.Name) is not null).Select(d => (d, settings.Text(d.Name), StaticBrokerSource)),
            .. definitions.Where(d => d.Default is not null).Select(d => (d, d.Default, DefaultSource)),
        ];
        return
        [
            .. all.SkipWhile(one => one.Setting.Name != names[0]).Select(one => new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = one.Setting.Name, Value = one.Setting.IsSensitive ? null : one.Value, Source = one.Source,
            }),
        ];
    }

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Entry(DescribeConfigsRequest request, SettingDefinition setting, string? value, sbyte source, bool isReadOnly, List<DescribeConfigsResponse.DescribeConfigsSynonym> synonyms) => new()
    {
        Name = setting.Name,
        Value = setting.IsSensitive ? null : value,
        ReadOnly = isReadOnly,
        ConfigSource = source,
        IsSensitive = setting.IsSensitive,
        Synonyms = request.IncludeSynonyms ? synonyms : [],
        ConfigType = TypeNumber(setting.Type),

        // The catalogue holds no texts to show.
        Documentation = null,
    };

    // KIP-569's numbers.
    private static sbyte TypeNumber(SettingType type) => type switch
    {
        SettingType.Boolean => 1,
        SettingType.String => 2,
        SettingType.Int => 3,
        SettingType.Short => 4,
        SettingType.Long => 5,
        SettingType.Double => 6,
        SettingType.List => 7,
        SettingType.Class => 8,
        SettingType.Password => 9,
        _ => 0,
    };

    private static DescribeConfigsResponse.DescribeConfigsResult Succeeded(DescribeConfigsRequest.DescribeConfigsResource resource, IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> configs) => new()
    {
        ResourceType = resource.ResourceType,
        ResourceName = resource.ResourceName,
        Configs = [.. configs],
    };

    private static DescribeConfigsResponse.DescribeConfigsResult Failed(DescribeConfigsRequest.DescribeConfigsResource resource, ErrorCode error, string? message) => new()
    {
        ErrorCode = (short)error,
        ErrorMessage = message,
        ResourceType = resource.ResourceType,
        ResourceName = resource.ResourceName,
    };
}
