using Broker.Actors.Configuration;
using Broker.ObjectStore.S3;

namespace Broker.Node.Unit.Options;

/// <summary>Where <c>object.store</c> and the <c>s3.*</c> settings send the objects.</summary>
public sealed class ObjectStoreOptionsTests
{
    [Theory]
    [InlineData("s3://bucket", "bucket", "")]
    [InlineData("s3://bucket/", "bucket", "")]
    [InlineData("s3://bucket/a/b/", "bucket", "a/b")]
    public void Bucket_and_prefix_come_from_the_address(string address, string bucket, string prefix)
    {
        S3ObjectStoreOptions options = Of(("object.store", address)).Bucket!;
        Assert.Equal((bucket, prefix), (options.Bucket, options.Prefix));
        Assert.Equal((null, "us-east-1", false), (options.Endpoint, options.Region, options.UsePathStyle));
    }

    [Fact]
    public void Settings_of_s3_say_how_the_bucket_is_asked()
    {
        ObjectStoreOptions store = Of(
            ("object.store", "s3://bucket/p"), ("s3.endpoint", "http://127.0.0.1:7480"), ("s3.region", "eu-west-1"), ("s3.path.style", "true"), ("s3.sse", "AES256"), ("s3.storage.class", "STANDARD_IA"));
        S3ObjectStoreOptions options = store.Bucket!;
        Assert.Null(store.Folder);
        Assert.Equal("s3://bucket/p", store.Description);
        Assert.Equal(
            (new Uri("http://127.0.0.1:7480"), "eu-west-1", true, "AES256", "STANDARD_IA"),
            (options.Endpoint, options.Region, options.UsePathStyle, options.ServerSideEncryption, options.StorageClass));
    }

    [Theory]
    [InlineData("object.store", "s3:foo")]
    [InlineData("object.store", "s3://")]
    [InlineData("object.store", "s3://ab/x")]
    [InlineData("object.store", "ftp://x")]
    [InlineData("s3.endpoint", "nowhere")]
    [InlineData("s3.endpoint", "ftp://host")]
    public void Address_that_cannot_be_is_refused_by_name(string name, string value)
    {
        SettingsException refused = Assert.Throws<SettingsException>(() => Of(("object.store", "s3://bucket/p"), (name, value)));
        Assert.Contains(name == "object.store" ? "object.store" : name, Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "STANDARD_IA", true)]
    [InlineData(null, "NOPE", false)]
    [InlineData(null, "standard", false)]
    [InlineData(null, "GLACIER", false)]
    [InlineData("http://ceph", "GLACIER", false)]
    [InlineData("http://ceph", "DEEP_ARCHIVE", false)]
    [InlineData("http://ceph", "MY_CLASS", true)]
    public void Storage_class_whose_objects_cannot_be_read_at_once_is_refused_by_name(string? endpoint, string name, bool isAllowed)
    {
        (string, string)[] settings = [("object.store", "s3://bucket/p"), ("s3.storage.class", name), .. endpoint is null ? [] : new[] { ("s3.endpoint", endpoint) }];
        if (isAllowed)
        {
            Assert.Equal(name, Of(settings).Bucket!.StorageClass);
            return;
        }

        SettingsException refused = Assert.Throws<SettingsException>(() => Of(settings));
        Assert.StartsWith($"bad value for 's3.storage.class': '{name}' (test); allowed: ", Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    private static ObjectStoreOptions Of(params (string Name, string Value)[] settings) =>
        ObjectStoreOptions.From(BrokerSettings.From(settings.Select(one => new GivenSetting(one.Name, one.Value, SettingSource.Override, "test"))), "/d");
}
