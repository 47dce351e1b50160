package backup_test

import (
	"os"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// olderKey opens testdata/schema12.backup, which a program with schema 12 made of a demonstration
// that traded for some minutes. It was never used for anything else.
const olderKey = "c3eb931252bb710124960df29a4ec74b6cbb0e2f03548865163186999509fea4"

// TestABackupOfAnOlderProgramRestores: on both databases, with its journal and its audit log, at
// the schema of this program.
func TestABackupOfAnOlderProgramRestores(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/schema12.backup")
	check(t, err)
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		target, key := emptyAt(t, address), secret.NewText(olderKey)
		checked, err := restore(t, content, key, target, backup.RestoreOptions{})
		check(t, err)
		if checked.Head.Schema != 12 || checked.Problem != nil {
			t.Errorf("%+v", checked)
		}
		ring := ringOf(t, key)
		check(t, target.Prepare(t.Context(), ring, quiet))
		schema, err := target.Schema(t.Context())
		check(t, err)
		if schema.Have != schema.Want || schema.Want <= 12 {
			t.Errorf("schema %d of %d", schema.Have, schema.Want)
		}
		for table, least := range map[string]int64{"users": 1, "brokerage_accounts": 1, "cycles": 3, "intents": 1, "orders": 1, "fills": 1} {
			if rows := count(t, target, "SELECT COUNT(*) FROM "+table); rows < least {
				t.Errorf("%s: %d rows", table, rows)
			}
		}
		links, err := target.AuditLinks(t.Context(), 0, 1000)
		check(t, err)
		if broken, problem := audit.Verify(ring.Derive(secret.AuditLabel), links); broken != 0 || len(links) < 10 {
			t.Errorf("%d entries: %d %s", len(links), broken, problem)
		}
	})
}
