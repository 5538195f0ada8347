namespace Akka.TestKit;

/// <summary>How a test framework fails a test.</summary>
public interface ITestKitAssertions
{
    void Fail(string format = "", params object[] args);

    void AssertTrue(bool condition, string format = "", params object[] args);

    void AssertFalse(bool condition, string format = "", params object[] args);

    void AssertEqual<T>(T expected, T actual, string format = "", params object[] args);

    void AssertEqual<T>(T expected, T actual, Func<T, T, bool> comparer, string format = "", params object[] args);
}

/// <summary>Marks a kit whose test actor is not the sender of what the test sends.</summary>
public interface INoImplicitSender
{
}
