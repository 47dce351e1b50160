package backup

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// BucketConfig names a bucket of any store that speaks the protocol of S3.
type BucketConfig struct {
	Endpoint string // host:port
	Plain    bool   // http: for this machine only
	Region   string
	Bucket   string
	Prefix   string // of the names, without a slash at its ends
	KeyID    secret.Text
	Secret   secret.Text
}

// Bucket is a shelf in an S3 store.
type Bucket struct {
	config BucketConfig
	client *minio.Client
}

// NewBucket returns the shelf; it asks nothing yet.
func NewBucket(config BucketConfig) (*Bucket, error) {
	client, err := minio.New(config.Endpoint, &minio.Options{
		Creds:  credentials.NewStaticV4(config.KeyID.Reveal(), config.Secret.Reveal(), ""),
		Secure: !config.Plain, Region: config.Region, MaxRetries: 3,
	})
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "BACKUP_S3_ENDPOINT is not an address of an S3 store.")
	}
	return &Bucket{config, client}, nil
}

// Shown is the bucket's address.
func (b *Bucket) Shown() string { return "s3://" + path.Join(b.config.Bucket, b.config.Prefix) }

func (b *Bucket) key(name string) string { return path.Join(b.config.Prefix, path.Base(name)) }

// partSize is how much is held in memory while a backup goes out.
const partSize = 16 << 20

// Put uploads in parts; the object appears when the last one has arrived.
func (b *Bucket) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(to)
		written <- errors.Join(err, to.CloseWithError(err))
	}()
	_, err := b.client.PutObject(ctx, b.config.Bucket, b.key(name), from, -1, minio.PutObjectOptions{
		PartSize: partSize, ContentType: "application/octet-stream", SendContentMd5: true, DisableContentSha256: true, // the seal proves more than either
	})
	_ = from.CloseWithError(errors.Join(err, context.Canceled)) // ends a writer that still writes
	writing := <-written
	if err != nil {
		return b.explain(errors.Join(err, ownFault(writing)))
	}
	return writing
}

// ownFault keeps an error of the writer that was not caused by the upload's end.
func ownFault(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	return nil
}

func (b *Bucket) explain(err error) error {
	var known *fault.Error
	var answer minio.ErrorResponse // stays empty when none came
	_ = errors.As(err, &answer)
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case answer.Code == "NoSuchKey":
		return fault.Because(err, fault.NotFound, "There is no such backup in %s. `alpaca-trader backup list` shows those that are there.", b.Shown())
	case answer.Code == "NoSuchBucket":
		return b.missing(err)
	case answer.StatusCode == 403 || answer.StatusCode == 401:
		return fault.Because(err, fault.Invalid, "The S3 store at %s refuses BACKUP_S3_KEY_ID and BACKUP_S3_SECRET.", b.config.Endpoint)
	}
	return fault.Because(err, fault.Unavailable, "The S3 store at %s does not take or give backups: it does not answer, or is full. The older backups are as they were.", b.config.Endpoint)
}

func (b *Bucket) missing(err error) error {
	return fault.Because(err, fault.Invalid, "The S3 store has no bucket %s. Make it, or name another in BACKUP_TO.", b.config.Bucket)
}

// Get asks for the object and opens it.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.config.Bucket, b.key(name), minio.GetObjectOptions{})
	if err == nil {
		_, err = object.Stat()
	}
	if err = b.explain(err); fault.Is(err, fault.NotFound) { // the store says the same of a bucket that is not there
		if there, asked := b.client.BucketExists(ctx, b.config.Bucket); asked == nil && !there {
			err = b.missing(err)
		}
	}
	if err != nil {
		return nil, err
	}
	return object, nil
}

// List reads the names.
func (b *Bucket) List(ctx context.Context) ([]Kept, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	prefix := strings.TrimPrefix(b.config.Prefix+"/", "/")
	var list []Kept
	for object := range b.client.ListObjects(ctx, b.config.Bucket, minio.ListObjectsOptions{Prefix: prefix}) {
		if object.Err != nil {
			return nil, b.explain(object.Err)
		}
		if kept, ok := parseName(strings.TrimPrefix(object.Key, prefix)); ok {
			kept.Size = object.Size
			list = append(list, kept)
		}
	}
	return list, nil
}

// Delete removes the object.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	return b.explain(b.client.RemoveObject(ctx, b.config.Bucket, b.key(name), minio.RemoveObjectOptions{}))
}
