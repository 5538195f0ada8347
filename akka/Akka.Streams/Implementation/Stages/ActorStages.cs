using Akka.Actor;
using Akka.Dispatch;
using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>
/// A source that is fed by messages to a reference. <see cref="Status.Success"/> and <see cref="PoisonPill"/> complete it
/// after what is buffered, <see cref="Status.Failure"/> fails it at once.
/// </summary>
internal sealed class ActorRefSource<T>(int bufferSize, OverflowStrategy strategy) : GraphStageWithMaterializedValue<SourceShape<T>, IActorRef>
{
    private readonly Outlet<T> _out = new("actorRefSource.out");
    private SourceShape<T>? _shape;

    public override SourceShape<T> Shape => _shape ??= new SourceShape<T>(_out);

    public override ILogicAndMaterializedValue<IActorRef> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        Logic logic = new(this, bufferSize, strategy);
        return new LogicAndMaterializedValue<IActorRef>(logic, new StageRef(logic));
    }

    /// <summary>The reference: hands messages to the stage.</summary>
    private sealed class StageRef(Logic logic) : MinimalActorRef
    {
        private readonly Lazy<ActorPath> _path = new(() => ((IInternalActorRef)logic.GraphActor).SystemImpl.Provider.TempPath());

        public override ActorPath Path => _path.Value;

        internal override ActorSystemImpl SystemOfRef => ((IInternalActorRef)logic.GraphActor).SystemImpl;

        protected override void TellInternal(object message, IActorRef sender) => logic.Received(message);
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly ActorRefSource<T> _stage;
        private readonly int _bufferSize;
        private readonly OverflowStrategy _strategy;
        private readonly LinkedList<T> _buffer = [];
        private bool _completing;

        public Logic(ActorRefSource<T> stage, int bufferSize, OverflowStrategy strategy)
            : base(stage.Shape)
        {
            _stage = stage;
            _bufferSize = bufferSize;
            _strategy = strategy;
            Received = GetAsyncCallback<object>(Receive);
            SetHandler(stage._out, this);
        }

        public Action<object> Received { get; }

        public IActorRef GraphActor => Interpreter.Actor;

        public override void OnPull()
        {
            if (_buffer.First is { } first)
            {
                _buffer.RemoveFirst();
                Push(_stage._out, first.Value);
            }

            CompleteIfDrained();
        }

        private void Receive(object message)
        {
            switch (message)
            {
                case PoisonPill or Status.Success:
                    _completing = true;
                    CompleteIfDrained();
                    break;
                case Status.Failure failure:
                    FailStage(failure.Cause);
                    break;
                case T element when !_completing:
                    Take(element);
                    break;
            }
        }

        private void Take(T element)
        {
            if (_buffer.Count == 0 && IsAvailable(_stage._out))
            {
                Push(_stage._out, element);
                return;
            }

            if (_buffer.Count >= _bufferSize)
            {
                switch (_strategy)
                {
                    case OverflowStrategy.DropHead when _bufferSize > 0:
                        _buffer.RemoveFirst();
                        break;
                    case OverflowStrategy.DropTail when _bufferSize > 0:
                        _buffer.RemoveLast();
                        break;
                    case OverflowStrategy.DropBuffer when _bufferSize > 0:
                        _buffer.Clear();
                        break;
                    case OverflowStrategy.Fail:
                        FailStage(new BufferOverflowException($"Buffer overflow (max capacity was: {_bufferSize})!"));
                        return;
                    default:
                        return;
                }
            }

            _buffer.AddLast(element);
        }

        private void CompleteIfDrained()
        {
            if (_completing && _buffer.Count == 0)
            {
                CompleteStage();
            }
        }
    }
}

/// <summary>Sends each element to an actor; with an acknowledgement it waits for the actor before it asks upstream again.</summary>
internal sealed class ActorRefSink<T>(IActorRef target, object? onInit, object? ack, object onComplete, Func<Exception, object> onFailure)
    : GraphStage<SinkShape<T>>
{
    private readonly Inlet<T> _in = new("actorRefSink.in");
    private SinkShape<T>? _shape;

    public override SinkShape<T> Shape => _shape ??= new SinkShape<T>(_in);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, target, onInit, ack, onComplete, onFailure);

    private sealed class Logic : InGraphStageLogic
    {
        private readonly ActorRefSink<T> _stage;
        private readonly IActorRef _target;
        private readonly object? _onInit;
        private readonly object? _ack;
        private readonly object _onComplete;
        private readonly Func<Exception, object> _onFailure;
        private SinkRef? _self;
        private bool _awaitsAck;
        private bool _told;

        public Logic(ActorRefSink<T> stage, IActorRef target, object? onInit, object? ack, object onComplete, Func<Exception, object> onFailure)
            : base(stage.Shape)
        {
            _stage = stage;
            _target = target;
            _onInit = onInit;
            _ack = ack;
            _onComplete = onComplete;
            _onFailure = onFailure;
            SetHandler(stage._in, this);
        }

        public override void PreStart()
        {
            IInternalActorRef target = (IInternalActorRef)_target;
            _self = new SinkRef(target.SystemImpl, GetAsyncCallback<object>(OnAnswer), GetAsyncCallback(() => CompleteStage()));
            target.SendSystemMessage(new WatchMessage(target, _self));
            if (_onInit is null)
            {
                Pull(_stage._in);
            }
            else
            {
                _awaitsAck = true;
                _target.Tell(_onInit, _self);
            }
        }

        public override void OnPush()
        {
            _target.Tell(Grab(_stage._in)!, _ack is null ? ActorRefs.NoSender : _self!);
            if (_ack is null)
            {
                Pull(_stage._in);
            }
            else
            {
                _awaitsAck = true;
            }
        }

        public override void OnUpstreamFinish()
        {
            _told = true;
            _target.Tell(_onComplete, _self!);
            CompleteStage();
        }

        public override void OnUpstreamFailure(Exception e)
        {
            _told = true;
            _target.Tell(_onFailure(e), _self!);
            FailStage(e);
        }

        public override void PostStop()
        {
            IInternalActorRef target = (IInternalActorRef)_target;
            target.SendSystemMessage(new UnwatchMessage(target, _self!));
            if (!_told && !target.IsTerminated)
            {
                _target.Tell(_onFailure(new AbruptStageTerminationException(this)), _self!);
            }
        }

        private void OnAnswer(object message)
        {
            if (_awaitsAck && Equals(message, _ack))
            {
                _awaitsAck = false;
                TryPull(_stage._in);
            }
        }
    }

    private sealed class SinkRef(ActorSystemImpl system, Action<object> answered, Action targetDied) : MinimalActorRef
    {
        public override ActorPath Path { get; } = system.Provider.TempPath();

        internal override ActorSystemImpl SystemOfRef => system;

        internal override void SystemTell(SystemMessage message)
        {
            if (message is DeathWatchNotification)
            {
                targetDied();
            }
        }

        protected override void TellInternal(object message, IActorRef sender) => answered(message);
    }
}
