using System.Net.Sockets;
using Akka.Actor;

namespace Akka.ClusterBehaviour;

/// <summary>Messages between systems.</summary>
public sealed class RemotingTests : RemoteTest
{
    [Fact]
    public async Task Actor_of_another_system_is_told_and_answers()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Probe probe = new(A.System);

        echo.Tell("hello", probe.Ref);

        Assert.Equal("hello", await probe.ExpectAsync<string>());
        Assert.Equal(B.Address, echo.Path.Address);
    }

    [Fact]
    public async Task Question_to_another_system_is_answered()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");

        Assert.Equal(42, await echo.Ask<int>(42, Eventually.Default));
        Assert.Equal([1, 2, 3], await echo.Ask<byte[]>(new byte[] { 1, 2, 3 }, Eventually.Default));
        Assert.Equal(1L << 40, await A.System.ActorSelection($"{B.Address}/user/echo").Ask<long>(1L << 40, Eventually.Default));
    }

    [Fact]
    public async Task Selection_of_an_actor_that_is_not_there_is_not_resolved() =>
        await Assert.ThrowsAsync<ActorNotFoundException>(
            () => A.System.ActorSelection($"{B.Address}/user/nobody").ResolveOne(Eventually.Default));

    [Fact]
    public async Task Identity_of_an_actor_comes_with_the_id_of_the_question()
    {
        IActorRef there = B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        Probe probe = new(A.System);

        A.System.ActorSelection($"{B.Address}/user/echo").Tell(new Identify("first"), probe.Ref);
        A.System.ActorSelection($"{B.Address}/user/nobody").Tell(new Identify("second"), probe.Ref);

        // Either may come first: an actor takes a turn to answer, the absence of one does not.
        ActorIdentity[] both = [await probe.ExpectAsync<ActorIdentity>(), await probe.ExpectAsync<ActorIdentity>()];
        Assert.Equal(there.Path.Uid, both.Single(identity => Equals(identity.MessageId, "first")).Subject!.Path.Uid);
        Assert.Null(both.Single(identity => Equals(identity.MessageId, "second")).Subject);
    }

    [Fact]
    public async Task Reference_in_a_message_can_be_used_by_its_receiver()
    {
        Probe here = new(A.System);
        Probe there = new(B.System, "there");
        (await ResolveAsync(A, B, "there")).Tell(new Sequenced(7, here.Ref));

        Sequenced message = await there.ExpectAsync<Sequenced>();
        message.From!.Tell("found");

        Assert.Equal("found", await here.ExpectAsync<string>());
    }

    [Fact]
    public async Task Reference_that_comes_back_home_is_the_actor_itself()
    {
        Probe here = new(A.System);
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");

        (await ResolveAsync(A, B, "echo")).Tell(new Sequenced(7, here.Ref), here.Ref);

        Assert.Equal(here.Ref, (await here.ExpectAsync<Sequenced>()).From);
    }

    [Fact]
    public async Task Messages_arrive_in_the_order_in_which_they_were_sent()
    {
        const int Count = 100_000;
        // No queue between the two has to hold more.
        const int Window = 10_000;
        Probe there = new(B.System, "there");
        IActorRef target = await ResolveAsync(A, B, "there");

        long expected = 0;
        for (long sent = 0; expected < Count;)
        {
            for (; sent < Count && sent < expected + Window; sent++)
            {
                target.Tell(new Sequenced(sent, null));
            }

            Assert.Equal(expected++, (await there.ExpectAsync<Sequenced>()).Number);
        }
    }

    [Fact]
    public async Task Messages_go_on_over_a_new_connection_after_one_broke()
    {
        Probe there = new(B.System, "there");
        IActorRef target = await ResolveAsync(A, B, "there");
        target.Tell(1);
        await there.ExpectAsync<int>();

        B.ResetConnections();

        // What was on its way is lost; what comes after the loss was noticed is not.
        int next = 2;
        await Eventually.Holds(
            () =>
            {
                target.Tell(next++);
                return there.Drain().OfType<int>().Any();
            },
            "a message arrives after the connection broke");
    }

    [Fact]
    public async Task Large_message_arrives_and_one_beyond_the_bound_is_dropped_alone()
    {
        // The bound is 128000 bytes by default, envelope included.
        Probe there = new(B.System, "there");
        IActorRef target = await ResolveAsync(A, B, "there");
        byte[] large = new byte[120_000];
        Random.Shared.NextBytes(large);

        target.Tell(large);
        Assert.Equal(large, await there.ExpectAsync<byte[]>());

        target.Tell(new byte[200_000]);
        target.Tell("next");
        Assert.Equal("next", await there.ExpectAsync<object>());
    }

    [Fact]
    public async Task Garbage_on_the_port_ends_that_connection_only()
    {
        Probe there = new(B.System, "there");
        IActorRef target = await ResolveAsync(A, B, "there");

        foreach (byte[] garbage in new byte[][] { [.. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8], [0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8], new byte[100_000] })
        {
            using TcpClient client = new();
            await client.ConnectAsync(B.OwnHost, B.Port);
            NetworkStream stream = client.GetStream();
            try
            {
                await stream.WriteAsync(garbage);
                client.Client.Shutdown(SocketShutdown.Send);

                // The end of what the node says, if it says anything.
                await stream.CopyToAsync(Stream.Null).WaitAsync(Eventually.Default);
            }
            catch (IOException)
            {
                // A reset is an end as well.
            }
        }

        target.Tell("still there");
        Assert.Equal("still there", await there.ExpectAsync<string>());
    }

    [Fact]
    public async Task Reference_to_an_earlier_run_of_a_system_finds_nobody()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef earlier = await ResolveAsync(A, B, "echo");
        await B.KillAsync();

        B.Restart();
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef now = await ResolveAsync(A, B, "echo");

        Assert.NotEqual(earlier, now);
        Assert.Equal("now", await now.Ask<string>("now", Eventually.Default));
        await Assert.ThrowsAsync<AskTimeoutException>(() => earlier.Ask<string>("earlier", TimeSpan.FromMilliseconds(300)));
    }

    [Fact]
    public async Task Message_to_a_system_that_is_not_there_becomes_a_dead_letter()
    {
        TestNode absent = Add(TestNode.Create(Config));
        Probe letters = new(A.System);
        A.System.EventStream.Subscribe(letters.Ref, typeof(Event.DeadLetter));

        A.System.ActorSelection($"{absent.Address}/user/nobody").Tell("lost");

        // In the packages' words, the first message may be lost in another way; those that follow are dead letters.
        await Eventually.Holds(
            () =>
            {
                A.System.ActorSelection($"{absent.Address}/user/nobody").Tell("lost");
                return letters.Drain().OfType<Event.DeadLetter>().Any(letter => letter.Message.ToString()!.Contains("lost", StringComparison.Ordinal));
            },
            "a dead letter");
    }

    [Fact]
    public async Task Second_system_on_the_same_port_is_refused() =>
        await Assert.ThrowsAnyAsync<Exception>(() =>
        {
            using ActorSystem second = ActorSystem.Create(TestNode.SystemName, A.System.Settings.Config);
            return Task.CompletedTask;
        });
}
