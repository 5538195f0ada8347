using System.Net;
using System.Net.Sockets;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.CommandLine;

/// <summary>The executable as an operator runs it: arguments, messages, exit codes.</summary>
public sealed class ExecutableTests
{
    private const int CannotStart = 1;
    private const int BadSettings = 2;

    [Theory]
    [InlineData("start --override nope=1", "nope")]
    [InlineData("start --override num.partitions=x", "num.partitions")]
    [InlineData("start --override", "--override")]
    [InlineData("start --unknown", "no option '--unknown'")]
    [InlineData("start -x --override num.partitions=2", "no option '-x'")]
    [InlineData("start --override log.dirs=", "log.dirs")]
    [InlineData("start /does/not/exist.properties", "/does/not/exist.properties")]
    [InlineData("start --override log.dirs=/a,/b", "log.dirs")]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("store check --override object.store=nowhere", "object.store")]
    public async Task Bad_settings_and_arguments_end_with_2_and_a_message_on_standard_error(string arguments, string named)
    {
        ToolRun run = await RunAsync(arguments.Split(' '));

        Assert.Equal(BadSettings, run.ExitCode);
        Assert.Contains(named, string.Join('\n', run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_shows_the_commands_and_their_arguments()
    {
        ToolRun help = (await RunAsync("--help")).MustSucceed();
        ToolRun start = (await RunAsync("start", "--help")).MustSucceed();

        Assert.Contains("start", help.Text, StringComparison.Ordinal);
        Assert.Contains("--override", start.Text, StringComparison.Ordinal);
        Assert.Contains("server.properties", start.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_check_says_of_each_operation_that_it_works_and_how_long_it_took()
    {
        using TempFolder folder = new("node");

        ToolRun run = (await RunAsync("store", "check", "--override", $"object.store=file:{folder.Path}/objects")).MustSucceed();

        Assert.Contains($"object.store = file:{folder.Path}/objects", run.Text, StringComparison.Ordinal);
        Assert.Matches(@"ok +\d+[.,]\d ms  refuse to create it again", run.Text);
        Assert.Contains("The broker can use this store.", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_check_of_a_store_that_is_not_there_ends_with_1_and_says_why()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();

        ToolRun run = await RunAsync("store", "check", "--override", "object.store=s3://bucket", "--override", $"s3.endpoint=http://127.0.0.1:{port}");

        Assert.Equal(CannotStart, run.ExitCode);
        Assert.Contains("FAILED", run.Text, StringComparison.Ordinal);
        Assert.Contains("must not use this store", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_verify_of_a_folder_that_holds_no_cluster_ends_with_1_and_makes_nothing()
    {
        using TempFolder folder = new("node");
        string store = Path.Combine(folder.Path, "mistyped");

        ToolRun nothing = await RunAsync("store", "verify", "--override", $"object.store=file:{store}");

        AssertCannotStart(nothing);
        Assert.Contains("no object store", Assert.Single(nothing.Errors), StringComparison.Ordinal);
        Assert.False(Directory.Exists(store));
        (await RunAsync("store", "check", "--override", $"object.store=file:{store}")).MustSucceed();

        ToolRun empty = await RunAsync("store", "verify", "--override", $"object.store=file:{store}");

        AssertCannotStart(empty);
        Assert.Contains("no cluster", Assert.Single(empty.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_a_version() => Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync("--version")).MustSucceed().Text);

    [Fact]
    public async Task Address_that_is_in_use_ends_with_1_and_a_message()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        foreach (string listener in new[] { $"PLAINTEXT://127.0.0.1:{port}", $"PLAINTEXT://localhost:{port}", $"PLAINTEXT://0.0.0.0:{port}" })
        {
            using TempFolder folder = new("node");
            string advertised = $"advertised.listeners=PLAINTEXT://127.0.0.1:{port}";

            ToolRun run = await RunAsync("start", "--override", $"listeners={listener}", "--override", advertised, "--override", $"log.dirs={folder.Path}", "--override", "management.listener=");

            AssertCannotStart(run);
            Assert.StartsWith($"broker: cannot listen on {listener}: ", Assert.Single(run.Errors), StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        }
    }

    // 192.0.2.0/24 is set aside for documentation: no machine has it.
    [Fact]
    public async Task Address_that_is_not_this_machines_ends_with_1_and_a_message()
    {
        using TempFolder folder = new("node");

        ToolRun run = await RunAsync("start", "--override", "listeners=PLAINTEXT://192.0.2.1:19092", "--override", $"log.dirs={folder.Path}", "--override", "management.listener=");

        AssertCannotStart(run);
        Assert.StartsWith("broker: cannot listen on PLAINTEXT://192.0.2.1:19092: ", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_S3_that_are_not_used_are_warned_of_by_name_and_those_of_a_bucket_are_not()
    {
        using TempFolder folder = new("node");
        string[] start = ["start", "--override", "listeners=PLAINTEXT://192.0.2.1:19092", "--override", $"log.dirs={folder.Path}", "--override", "management.listener=", "--override", "s3.region=eu-west-1", "--override", "s3.sse=AES256"];

        string unused = Assert.Single((await RunAsync(start)).Output, line => line.Contains("not used", StringComparison.Ordinal));

        Assert.Contains("s3.region, s3.sse", unused, StringComparison.Ordinal);
        Assert.Contains("object.store", unused, StringComparison.Ordinal);
        Assert.DoesNotContain((await RunAsync(start[..7])).Output, line => line.Contains("not used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Data_folder_that_cannot_be_made_ends_with_1_and_a_message()
    {
        using TempFolder folder = new("node");
        string file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "");

        ToolRun run = await RunAsync("start", "--override", "listeners=PLAINTEXT://127.0.0.1:0", "--override", $"log.dirs={file}/below", "--override", "management.listener=");

        AssertCannotStart(run);
        Assert.Contains("log.dirs", Assert.Single(run.Errors), StringComparison.Ordinal);
    }

    private static void AssertCannotStart(ToolRun run)
    {
        Assert.True(run.ExitCode == CannotStart, $"exit code {run.ExitCode}: {string.Join('\n', run.Errors)}");
        Assert.Contains(run.Errors, line => line.StartsWith("broker: ", StringComparison.Ordinal));
        Assert.DoesNotContain(run.Errors.Concat(run.Output), line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal));
    }

    private static Task<ToolRun> RunAsync(params string[] arguments) =>
        ToolRun.RunAsync(Requirement.Tool("dotnet"), [NodeBroker.Assembly, .. arguments]);
}
