// Nearly all of the time goes by in waiting for failure detectors: classes may wait side by side.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
