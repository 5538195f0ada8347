using System.Reflection;
using Broker.TestSupport;

namespace Akka.Surface;

/// <summary>
/// The bundled assemblies are a subset of the real ones: every public type and member is there with the same signature.
/// Needs <c>AKKA_NET_API</c>, the folder with the signature files.
/// </summary>
public sealed class SurfaceTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Members whose signatures only look different, each with its reason.</summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        ["Akka.Event.LoggingBus: Void Publish(Object event)"] = "inherited there from EventBus<Object, Type, IActorRef>",
        ["Akka.Event.LoggingBus: Boolean Subscribe(Akka.Actor.IActorRef subscriber, Type classifier)"] = "inherited there from EventBus",
        ["Akka.Event.LoggingBus: Boolean Unsubscribe(Akka.Actor.IActorRef subscriber, Type classifier)"] = "inherited there from EventBus",
        ["Akka.Event.LoggingBus: Boolean Unsubscribe(Akka.Actor.IActorRef subscriber)"] = "inherited there from EventBus",
    };

    /// <summary>Not in the signature files: operators, and what every object has.</summary>
    private static readonly HashSet<string> Unlisted = ["Equals", "GetHashCode", "ToString", "Finalize"];

    [SkippableTheory]
    [InlineData("Akka")]
    [InlineData("Akka.Cluster")]
    [InlineData("Akka.Cluster.Sharding")]
    [InlineData("Akka.Cluster.Tools")]
    [InlineData("Akka.Coordination")]
    [InlineData("Akka.Remote")]
    [InlineData("Akka.Streams")]
    [InlineData("Akka.TestKit")]
    [InlineData("Akka.TestKit.Xunit2")]
    public void Bundled_assembly_is_a_subset_of_the_real_one(string assemblyName)
    {
        string folder = Requirement.OptionalFolder("AKKA_NET_API");
        Assembly assembly = Assembly.Load(assemblyName);
        Skip.If(assembly.GetName().Version?.Major >= 1, $"{assemblyName} comes from a package");
        SignatureFile real = new(Path.Combine(folder, assemblyName + ".txt"));
        List<string> differences = [.. assembly.GetExportedTypes().SelectMany(type => Differences(type, real))];
        Assert.True(differences.Count == 0, $"{differences.Count} differences:\n{string.Join('\n', differences)}");
    }

    private static IEnumerable<string> Differences(Type type, SignatureFile real)
    {
        string key = Signature.TypeKey(Signature.Of(type));
        if (!real.HasType(key))
        {
            return [$"{key}: there is no such type"];
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return Enum.GetNames(type).Where(name => !real.HasMember(key, name)).Select(name => $"{key}: {name}");
        }

        string[] typeParameters = [.. type.GetGenericArguments().Select(argument => argument.Name)];
        return type.GetMembers(Declared)
            .Where(IsListed)
            .Select(Signature.Of)
            .Where(member => !real.HasMember(key, Signature.Normalized(member, typeParameters)))
            .Select(member => $"{key}: {member}")
            .Where(difference => !Known.ContainsKey(difference));
    }

    private static bool IsListed(MemberInfo member) => member switch
    {
        MethodInfo method => IsVisible(method) && !method.IsSpecialName && !Unlisted.Contains(method.Name)
            && method.GetBaseDefinition().DeclaringType == method.DeclaringType,
        ConstructorInfo constructor => IsVisible(constructor) && !constructor.IsStatic,
        PropertyInfo property => (property.GetMethod ?? property.SetMethod) is { } accessor && IsVisible(accessor)
            && accessor.GetBaseDefinition().DeclaringType == accessor.DeclaringType,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        _ => false,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;
}
