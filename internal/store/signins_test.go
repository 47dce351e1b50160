package store_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

func TestSignIns(t *testing.T) { storetest.Each(t, storetest.RunSignIns) }
