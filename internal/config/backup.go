package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Backups say where backups are kept, how often they are made and how many stay.
type Backups struct {
	To       BackupPlace
	Every    time.Duration // 0: servers make none by themselves
	Keep     BackupKeep
	Endpoint BackupEndpoint
	Region   string
	KeyID    secret.Text
	Secret   secret.Text
}

// BackupPlace is a folder, or a bucket and the beginning of the names in it.
type BackupPlace struct {
	Folder string // absolute; empty: a bucket
	Bucket string
	Prefix string
}

// BackupKeep is how many days, weeks and months keep their newest backup.
type BackupKeep struct{ Daily, Weekly, Monthly int }

// BackupEndpoint is the address of an S3 store.
type BackupEndpoint struct {
	Host  string // host:port
	Plain bool   // http, on this machine
}

const backupFolderName = "alpaca_trader.backups"

// place makes a relative folder absolute, and gives the default one its place beside the database.
func (b *Backups) place(dir, folder string) {
	switch {
	case b.To.Bucket != "":
	case b.To.Folder == "":
		b.To.Folder = filepath.Join(folder, backupFolderName)
	case !filepath.IsAbs(b.To.Folder):
		b.To.Folder = filepath.Join(dir, b.To.Folder)
	}
}

// ParseBackupPlace reads a folder or s3://bucket/prefix.
func ParseBackupPlace(value string) (BackupPlace, error) {
	rest, isBucket := strings.CutPrefix(value, "s3://")
	if !isBucket {
		if strings.Contains(value, "://") {
			return BackupPlace{}, errors.New("must be a folder or s3://bucket/prefix")
		}
		return BackupPlace{Folder: filepath.Clean(value)}, nil
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" || strings.ContainsAny(rest, "?#@ ") {
		return BackupPlace{}, errors.New("must be a folder or s3://bucket/prefix")
	}
	return BackupPlace{Bucket: bucket, Prefix: strings.Trim(prefix, "/")}, nil
}

const (
	mostOften  = time.Minute
	leastOften = 31 * 24 * time.Hour
)

// parseEvery reads a duration such as 24h, 90m or 7d.
func parseEvery(value string) (time.Duration, error) {
	text := value
	if days, ok := strings.CutSuffix(value, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 1 && n <= 31 {
			text = fmt.Sprintf("%dh", 24*n)
		}
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < mostOften || every > leastOften {
		return 0, errors.New("must be a time such as 24h or 7d, from one minute to 31 days")
	}
	return every, nil
}

// parseKeep reads `7 daily; 4 weekly; 12 monthly`; what is left out is none.
func parseKeep(value string) (keep BackupKeep, err error) {
	problem := errors.New("must be such as `7 daily; 4 weekly; 12 monthly`")
	for part := range strings.SplitSeq(value, ";") {
		words := strings.Fields(part)
		if len(words) != 2 {
			return keep, problem
		}
		count, err := strconv.Atoi(words[0])
		if err != nil || count < 0 || count > 3660 {
			return keep, problem
		}
		switch words[1] {
		case "daily":
			keep.Daily = count
		case "weekly":
			keep.Weekly = count
		case "monthly":
			keep.Monthly = count
		default:
			return keep, problem
		}
	}
	return keep, nil
}

// parseEndpoint accepts https, and http to this machine only: the secret signs what goes there.
func parseEndpoint(value string) (BackupEndpoint, error) {
	address, err := url.Parse(value)
	switch {
	case err != nil || address.Host == "" || strings.Trim(address.Path, "/") != "" || address.RawQuery != "" || address.User != nil:
		return BackupEndpoint{}, errors.New("must be an address such as https://s3.eu-central-1.amazonaws.com")
	case address.Scheme == "http" && isLoopback(address.Hostname()):
		return BackupEndpoint{address.Host, true}, nil
	case address.Scheme != "https":
		return BackupEndpoint{}, errors.New("must begin with https://; http is for 127.0.0.1 only")
	}
	return BackupEndpoint{address.Host, false}, nil
}

func parseText(value string) (string, error) { return value, nil }
