using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Akka.Actor;

/// <summary>Calls actors' constructors.</summary>
internal static class ActorActivator
{
    /// <summary>One per constructor that Props named, hence bounded by the program's size.</summary>
    private static readonly ConcurrentDictionary<ConstructorInfo, ConstructorInvoker> Invokers = new();

    public static Func<ActorBase> For(ConstructorInfo constructor, object?[] args)
    {
        ConstructorInvoker invoker = Invokers.GetOrAdd(constructor, ConstructorInvoker.Create);
        return () => (ActorBase)invoker.Invoke(args.AsSpan());
    }

    public static ActorBase Create(Type type, object[] args)
    {
        try
        {
            return (ActorBase)Activator.CreateInstance(
                type, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, null, args, null)!;
        }
        catch (TargetInvocationException thrown) when (thrown.InnerException is not null)
        {
            ExceptionDispatchInfo.Throw(thrown.InnerException);
            throw;
        }
        catch (MissingMethodException missing)
        {
            string types = string.Join(", ", args.Select(arg => arg?.GetType().Name ?? "null"));
            throw new TypeLoadException($"Error while creating actor instance of type {type} with {args.Length} args: ({types})", missing);
        }
    }
}

/// <summary>Evaluates the arguments of a constructor call, without compiling where that can be avoided.</summary>
internal static class ExpressionArguments
{
    public static object?[] Evaluate(NewExpression call)
    {
        object?[] values = new object?[call.Arguments.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Value(call.Arguments[i]);
        }

        return values;
    }

    private static object? Value(Expression expression) => expression switch
    {
        ConstantExpression constant => constant.Value,
        MemberExpression { Member: FieldInfo field } member => field.GetValue(Target(member)),
        MemberExpression { Member: PropertyInfo property } member => property.GetValue(
            Target(member), BindingFlags.DoNotWrapExceptions, null, null, null),
        UnaryExpression { NodeType: ExpressionType.Convert, Method: null } conversion
            when conversion.Type.IsAssignableFrom(conversion.Operand.Type) => Value(conversion.Operand),
        _ => Expression.Lambda<Func<object?>>(Expression.Convert(expression, typeof(object)))
            .Compile(preferInterpretation: true)(),
    };

    private static object? Target(MemberExpression member) => member.Expression is null ? null : Value(member.Expression);
}
