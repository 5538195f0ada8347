using Broker.Actors.Cleaning;
using Broker.ObjectStore;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>
/// Whole cleanings of random logs, one after another while the log grows, against a model: of what a cleaning covers, the
/// last record of each key and the tombstones whose time has not come; of the rest, everything.
/// </summary>
public sealed class CleaningModelTests
{
    private const int Seeds = 60;
    private const int Rounds = 6;
    private const long DeleteRetentionMs = 100;

    [Fact]
    public void Cleaned_log_is_the_last_record_of_each_key_and_its_live_tombstones_at_their_offsets()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            CleanedLog log = new(seed);
            for (int round = 0; round < Rounds; round++)
            {
                log.Grow();
                log.Clean();
                Assert.Equal((seed, round, log.Expected()), (seed, round, log.Actual()));
            }

            // Of a quiet log nothing is left but values, once all of it is cleaned and every horizon has passed.
            while (!log.IsClean)
            {
                log.Clean();
            }

            log.PassTime(2 * DeleteRetentionMs);
            log.Clean();
            log.PassTime(2 * DeleteRetentionMs);
            log.Clean();
            Assert.Equal((seed, log.LastValues()), (seed, log.Actual()));
        }
    }

    /// <summary>A log of batches with the model of it.</summary>
    private sealed class CleanedLog(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<byte[]> _batches = [];
        private readonly List<ModelRecord> _model = [];
        private readonly Dictionary<long, long> _horizonsMs = [];
        private long _nowMs = 1_000_000;
        private long _end;
        private Offset _cleanedEnd;

        public bool IsClean => _cleanedEnd.Value == _end;

        public void PassTime(long ms) => _nowMs += ms;

        public void Grow()
        {
            for (int batches = _random.Next(1, 12); batches > 0; batches--)
            {
                string[] records = [.. Enumerable.Range(0, _random.Next(1, 9)).Select(_ => RandomRecord())];
                CompressionType codec = (CompressionType)_random.Next(5);
                byte[] batch = StoredBatches.Of(_end, codec, records);
                IReadOnlyList<string> stored = StoredBatches.Read(batch);
                for (int i = 0; i < records.Length; i++)
                {
                    _model.Add(new ModelRecord(_end + i, _end, _end + records.Length, records[i].Split('=')[0], !records[i].Contains('=', StringComparison.Ordinal), stored[i]));
                }

                _batches.Add(batch);
                _end += records.Length;
            }
        }

        public void Clean()
        {
            _nowMs += _random.Next((int)DeleteRetentionMs);

            // From one key to more than there are: most maps end within the log, many within a batch.
            using OffsetMap map = new(_random.Next(2, 30) * OffsetMap.EntryBytes, 0.97);
            using KeyScan scan = new(map, _cleanedEnd);
            _ = _batches.TrueForAll(batch => scan.TryAdd(batch));
            _cleanedEnd = scan.End;

            using BatchCleaner cleaner = new(map, _cleanedEnd, _nowMs, DeleteRetentionMs);
            for (int i = 0; i < _batches.Count; i++)
            {
                CleanedBatch cleaned = cleaner.Clean(_batches[i], keepsOffsets: i == _batches.Count - 1);
                Assert.Equal(cleaned.Fate == BatchFate.Dropped, cleaned.Bytes.IsEmpty);
                _batches[i] = cleaned.Bytes.ToArray();
            }

            _batches.RemoveAll(batch => batch.Length == 0);
            Assert.Equal(_end, new RecordBatchView(_batches[^1]).NextOffset);
            CleanModel();
        }

        public string Actual() => string.Join('\n', _batches.SelectMany(batch => StoredBatches.Read(batch)));

        public string Expected() => string.Join('\n', _model.Select(record => record.Stored));

        public string LastValues() => string.Join('\n', _model.GroupBy(record => record.Key).Select(key => key.MaxBy(record => record.Offset)!)
            .Where(record => record.Key.Length > 0 && !record.IsTombstone).OrderBy(record => record.Offset).Select(record => record.Stored));

        private void CleanModel()
        {
            Dictionary<string, long> last = [];
            foreach (ModelRecord record in _model.Where(IsCovered))
            {
                last[record.Key] = record.Offset;
            }

            _model.RemoveAll(record => IsCovered(record) && (record.Key.Length == 0 || record.Offset < last[record.Key]
                || (record.IsTombstone && _horizonsMs.TryGetValue(record.BatchBase, out long horizonMs) && _nowMs >= horizonMs)));
            foreach (ModelRecord tombstone in _model.Where(record => record.IsTombstone && record.BatchEnd <= _cleanedEnd.Value))
            {
                _horizonsMs.TryAdd(tombstone.BatchBase, _nowMs + DeleteRetentionMs);
            }
        }

        private bool IsCovered(ModelRecord record) => record.Offset < _cleanedEnd.Value;

        private string RandomRecord()
        {
            string key = $"k{_random.Next(25)}";
            return _random.Next(10) switch
            {
                0 => "=keyless",
                < 4 => key,
                _ => $"{key}={_random.Next()}",
            };
        }

        private sealed record ModelRecord(long Offset, long BatchBase, long BatchEnd, string Key, bool IsTombstone, string Stored);
    }
}
