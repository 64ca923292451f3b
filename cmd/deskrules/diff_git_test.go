package main

import (
	"strings"
	"testing"
)

// TestRevisionWithoutGit keeps the message of a machine that has no git.
func TestRevisionWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := loadNamed(t.Context(), "HEAD:rules")
	if err == nil || !strings.Contains(err.Error(), "git is needed for revisions") {
		t.Errorf("the error is %v", err)
	}
}
