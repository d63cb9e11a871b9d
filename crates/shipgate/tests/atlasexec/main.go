// Drives the program through Atlas's own Go client, as the Kubernetes
// operator, the Terraform provider and the GitHub actions do.
//
//	go run . PROGRAM
//
// PROGRAM is called by the name atlas. Everything is done in a temporary
// directory on SQLite. The last line is "ok", or what is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ariga.io/atlas/atlasexec"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

// check is one thing that must hold.
type check struct {
	name string
	do   func(context.Context, *atlasexec.Client, string) error
}

var checks = []check{
	{"version", version},
	{"hash", hash},
	{"status of an empty database", statusBefore},
	{"dry run", dryRun},
	{"apply one", applyOne},
	{"apply the rest", applyRest},
	{"nothing to apply", applyNothing},
	{"status", statusAfter},
	{"ls", ls},
	{"set", set},
	{"a failure", failure},
	{"a wrong checksum", checksum},
	{"a missing URL", missingURL},
	{"not logged in", whoami},
	{"what is not supported", unsupported},
}

func run(program string) error {
	dir, err := os.MkdirTemp("", "atlasexec-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	atlas := filepath.Join(dir, "atlas")
	if err := os.Symlink(program, atlas); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "migrations"), 0o755); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"1_a.sql": "CREATE TABLE a (x int);\n",
		"2_b.sql": "CREATE TABLE b (x int);\nINSERT INTO b VALUES (1);\n",
		"3_c.sql": "CREATE TABLE c (x int);\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "migrations", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	client, err := atlasexec.NewClient(dir, atlas)
	if err != nil {
		return err
	}
	if err := client.SetEnv(map[string]string{"TMPDIR": dir}); err != nil {
		return err
	}
	for _, check := range checks {
		if err := check.do(context.Background(), client, dir); err != nil {
			return fmt.Errorf("%s: %w", check.name, err)
		}
	}
	return nil
}

const url = "sqlite://app.db"

func equal[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s is %v, not %v", what, got, want)
	}
	return nil
}

func version(ctx context.Context, c *atlasexec.Client, _ string) error {
	v, err := c.Version(ctx)
	if err != nil {
		return err
	}
	return errors.Join(equal("the version", v.Version, "1.2.3"), equal("what it is", v.SHA, "shipgate"))
}

func hash(ctx context.Context, c *atlasexec.Client, dir string) error {
	if err := c.MigrateHash(ctx, &atlasexec.MigrateHashParams{DirURL: "file://migrations"}); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(dir, "migrations", "atlas.sum"))
	return err
}

func statusBefore(ctx context.Context, c *atlasexec.Client, _ string) error {
	s, err := c.MigrateStatus(ctx, &atlasexec.MigrateStatusParams{URL: url, DirURL: "file://migrations"})
	if err != nil {
		return err
	}
	return errors.Join(
		equal("the status", s.Status, "PENDING"),
		equal("what is pending", len(s.Pending), 3),
		equal("the latest version", s.LatestVersion(), "3"),
		equal("the driver", s.Env.Driver, "sqlite"),
	)
}

func dryRun(ctx context.Context, c *atlasexec.Client, dir string) error {
	a, err := c.MigrateApply(ctx, &atlasexec.MigrateApplyParams{URL: url, DryRun: true})
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "app.db")); err == nil {
		return errors.New("a dry run made a database")
	}
	return equal("files shown", len(a.Applied), 3)
}

func applyOne(ctx context.Context, c *atlasexec.Client, _ string) error {
	a, err := c.MigrateApply(ctx, &atlasexec.MigrateApplyParams{
		URL:       url,
		DirURL:    "file://migrations",
		Amount:    1,
		TxMode:    "file",
		ExecOrder: atlasexec.ExecOrderLinear,
		LockName:  "mine",
		Context:   &atlasexec.DeployRunContext{TriggerType: atlasexec.TriggerTypeKubernetes, TriggerVersion: "v1"},
	})
	if err != nil {
		return err
	}
	return errors.Join(
		equal("the target", a.Target, "1"),
		equal("the file", a.Applied[0].Name, "1_a.sql"),
		equal("the statement", a.Applied[0].Applied[0], "CREATE TABLE a (x int);"),
		equal("the order of times", a.End.Before(a.Start), false),
	)
}

func applyRest(ctx context.Context, c *atlasexec.Client, _ string) error {
	a, err := c.MigrateApply(ctx, &atlasexec.MigrateApplyParams{
		URL:             url,
		ToVersion:       "3",
		RevisionsSchema: "main",
	})
	if err != nil {
		return err
	}
	return errors.Join(
		equal("the version before", a.Current, "1"),
		equal("files applied", len(a.Applied), 2),
		equal("the summary", strings.Contains(a.Summary(""), "3 sql statements"), true),
	)
}

func applyNothing(ctx context.Context, c *atlasexec.Client, _ string) error {
	results, err := c.MigrateApplySlice(ctx, &atlasexec.MigrateApplyParams{URL: url})
	if err != nil {
		return err
	}
	return errors.Join(equal("results", len(results), 1), equal("files applied", len(results[0].Applied), 0))
}

func statusAfter(ctx context.Context, c *atlasexec.Client, _ string) error {
	s, err := c.MigrateStatus(ctx, &atlasexec.MigrateStatusParams{URL: url})
	if err != nil {
		return err
	}
	amount, ok := s.Amount("3")
	return errors.Join(
		equal("the status", s.Status, "OK"),
		equal("the version", s.Current, "3"),
		equal("rows", len(s.Applied), 3),
		equal("the second row's statements", s.Applied[1].Total, 2),
		equal("the kind of a row", s.Applied[0].Type, "applied"),
		equal("what is left", amount, 0),
		equal("whether it is there", ok, true),
	)
}

func ls(ctx context.Context, c *atlasexec.Client, _ string) error {
	text, err := c.MigrateLs(ctx, &atlasexec.MigrateLsParams{Short: true, Latest: true})
	if err != nil {
		return err
	}
	return equal("the latest", strings.TrimSpace(text), "3")
}

func set(ctx context.Context, c *atlasexec.Client, _ string) error {
	if err := c.MigrateSet(ctx, &atlasexec.MigrateSetParams{URL: url, Version: "2"}); err != nil {
		return err
	}
	s, err := c.MigrateStatus(ctx, &atlasexec.MigrateStatusParams{URL: url})
	if err != nil {
		return err
	}
	return errors.Join(equal("the version", s.Current, "2"), c.MigrateSet(ctx, &atlasexec.MigrateSetParams{URL: url}))
}

func failure(ctx context.Context, c *atlasexec.Client, dir string) error {
	bad := filepath.Join(dir, "migrations", "4_bad.sql")
	if err := os.WriteFile(bad, []byte("CREATE TABLE d (x int);\nBAD;\n"), 0o644); err != nil {
		return err
	}
	if err := c.MigrateHash(ctx, &atlasexec.MigrateHashParams{}); err != nil {
		return err
	}
	_, err := c.MigrateApply(ctx, &atlasexec.MigrateApplyParams{URL: url})
	var failed *atlasexec.MigrateApplyError
	if !errors.As(err, &failed) {
		return fmt.Errorf("the error is %T: %v", err, err)
	}
	file := failed.Result[0].Applied[0]
	return errors.Join(
		equal("the failed statement", file.Error.Stmt, "BAD;"),
		equal("its error", file.Error.Text, `near "BAD": syntax error`),
		equal("stderr", failed.Stderr, ""),
	)
}

func checksum(ctx context.Context, c *atlasexec.Client, dir string) error {
	bad := filepath.Join(dir, "migrations", "4_bad.sql")
	if err := os.WriteFile(bad, []byte("-- edited\n"), 0o644); err != nil {
		return err
	}
	_, err := c.MigrateStatus(ctx, &atlasexec.MigrateStatusParams{URL: url})
	if err := fails(err, "Error: checksum mismatch"); err != nil {
		return err
	}
	return errors.Join(os.Remove(bad), c.MigrateHash(ctx, &atlasexec.MigrateHashParams{}))
}

func missingURL(ctx context.Context, c *atlasexec.Client, _ string) error {
	_, err := c.MigrateApply(ctx, &atlasexec.MigrateApplyParams{})
	return fails(err, `Error: required flag "url" not set`)
}

func whoami(ctx context.Context, c *atlasexec.Client, _ string) error {
	_, err := c.WhoAmI(ctx, &atlasexec.WhoAmIParams{})
	if !errors.Is(err, atlasexec.ErrRequireLogin) {
		return fmt.Errorf("the error is %v", err)
	}
	return nil
}

func unsupported(ctx context.Context, c *atlasexec.Client, _ string) error {
	_, err := c.SchemaApply(ctx, &atlasexec.SchemaApplyParams{URL: url, To: "file://schema.sql"})
	if err == nil || !strings.HasPrefix(err.Error(), "Abort: 'atlas schema apply' is not supported") {
		return fmt.Errorf("schema apply: %v", err)
	}
	_, err = c.MigrateDown(ctx, &atlasexec.MigrateDownParams{URL: url, Amount: 1})
	if err == nil || !strings.HasPrefix(err.Error(), "Abort: 'atlas migrate down' is not supported") {
		return fmt.Errorf("migrate down: %v", err)
	}
	return nil
}

// fails checks an error's text, which is that of stderr.
func fails(err error, want string) error {
	if err == nil {
		return fmt.Errorf("no error, but %q was expected", want)
	}
	return equal("the error", err.Error(), want)
}
