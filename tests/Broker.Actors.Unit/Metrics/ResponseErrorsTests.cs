using System.Collections;
using System.Reflection;
using Akka.Actor;
using Broker.Actors.Metrics;
using Broker.Actors.Requests;
using Broker.Wire;

namespace Broker.Actors.Unit.Metrics;

/// <summary>Errors are found in answers of every API that is served, however deep they lie.</summary>
public sealed class ResponseErrorsTests
{
    private const short Error = (short)ErrorCode.KafkaStorageError;

    public static TheoryData<Type> ServedResponses()
    {
        TheoryData<Type> data = [];
        foreach (IRequestHandler handler in Handlers.CreateTable(null!, (IScheduler)null!).Handlers)
        {
            data.Add(typeof(ApiKey).Assembly.GetType($"Broker.Wire.Messages.{handler.ApiKey}Response", throwOnError: true)!);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(ServedResponses))]
    public void Every_error_code_of_an_answer_is_found_and_one_without_has_none(Type response)
    {
        string[][] places = [.. PlacesOf(response)];
        Assert.NotEmpty(places);

        Assert.Equal(ErrorCode.None, ResponseErrors.FirstIn((IKafkaResponse)Filled(response, [])));
        Assert.All(places, place => Assert.Equal(ErrorCode.KafkaStorageError, ResponseErrors.FirstIn((IKafkaResponse)Filled(response, place))));
    }

    [Fact]
    public void No_answer_has_no_error() => Assert.Equal(ErrorCode.None, ResponseErrors.FirstIn(null));

    /// <summary>The paths to every field that is an error code of its own, through the lists.</summary>
    private static IEnumerable<string[]> PlacesOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(property =>
        property.Name == "ErrorCode" ? [[property.Name]]
        : ElementOf(property) is { } element ? PlacesOf(element).Select(rest => (string[])[property.Name, .. rest])
        : []);

    /// <summary>An object with one element in each list, and the error where <paramref name="place"/> leads.</summary>
    private static object Filled(Type type, string[] place)
    {
        object made = Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            bool isOnTheWay = place.Length > 0 && place[0] == property.Name;
            if (property.Name == "ErrorCode" && isOnTheWay)
            {
                property.SetValue(made, Error);
            }
            else if (ElementOf(property) is { } element)
            {
                IList list = (IList)Activator.CreateInstance(property.PropertyType)!;
                list.Add(Filled(element, isOnTheWay ? place[1..] : []));
                property.SetValue(made, list);
            }
        }

        return made;
    }

    private static Type? ElementOf(PropertyInfo property) =>
        property.PropertyType is { IsGenericType: true } list
        && list.GetGenericTypeDefinition() == typeof(List<>)
        && list.GenericTypeArguments[0] is { IsNested: true } element ? element : null;
}
