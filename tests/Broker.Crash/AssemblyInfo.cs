// Most of the time goes by in waiting for processes to start, faults to end and failure detectors: classes may wait side by side.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
