package purge_test

import (
	"os"
	"testing"

	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }
