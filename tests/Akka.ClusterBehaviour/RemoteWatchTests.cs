using Akka.Actor;

namespace Akka.ClusterBehaviour;

/// <summary>Death watch between systems.</summary>
public sealed class RemoteWatchTests : RemoteTest
{
    [Fact]
    public async Task Watcher_learns_that_an_actor_of_another_system_stopped()
    {
        IActorRef there = B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Probe probe = new(A.System);
        probe.Watch(echo);
        await Task.WhenAll(echo.Ask("watched", Eventually.Default), probe.Ref.Ask<ActorIdentity>(new Identify(1), Eventually.Default));

        B.System.Stop(there);

        Terminated terminated = await probe.ExpectAsync<Terminated>();
        Assert.Equal(echo, terminated.ActorRef);
        Assert.False(terminated.AddressTerminated);
    }

    [Fact]
    public async Task Watch_of_an_actor_that_has_stopped_ends_at_once()
    {
        IActorRef there = B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Assert.True(await there.GracefulStop(Eventually.Default));
        Probe probe = new(A.System);

        probe.Watch(echo);

        Assert.Equal(echo, (await probe.ExpectAsync<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Actor_counts_as_terminated_when_its_system_is_out_of_reach()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Probe probe = new(A.System);
        probe.Watch(echo);
        await echo.Ask("watched", Eventually.Default);

        A.Cut(B);

        Terminated terminated = await probe.ExpectAsync<Terminated>();
        Assert.Equal(echo, terminated.ActorRef);
        Assert.True(terminated.AddressTerminated);
    }

    [Fact]
    public async Task Actor_of_a_system_that_was_started_anew_counts_as_terminated()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Probe probe = new(A.System);
        probe.Watch(echo);
        await echo.Ask("watched", Eventually.Default);

        await B.KillAsync();
        B.Restart();
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");

        Assert.Equal(echo, (await probe.ExpectAsync<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Two_watchers_of_one_actor_both_learn_of_its_end_and_who_unwatched_does_not()
    {
        IActorRef there = B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");
        Probe[] probes = [new(A.System), new(A.System), new(A.System)];
        foreach (Probe probe in probes)
        {
            probe.Watch(echo);
        }

        probes[2].Unwatch(echo);
        B.System.Stop(there);

        await probes[0].ExpectAsync<Terminated>();
        await probes[1].ExpectAsync<Terminated>();
        Assert.Empty(probes[2].Drain());
    }

    [Fact]
    public async Task End_of_an_actor_can_be_awaited_from_another_system()
    {
        B.System.ActorOf(Props.Create(() => new Echo()), "echo");
        IActorRef echo = await ResolveAsync(A, B, "echo");

        Assert.True(await echo.GracefulStop(Eventually.Default));
    }
}
