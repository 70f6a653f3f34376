package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"pack/lambda/webhooks"
	"pack/manifest"
)

func webhooksCommand(s streams) *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}
	return &cli.Command{
		Name:      "webhooks",
		Usage:     "list an app's webhooks, try one out",
		UsageText: "pack webhooks list|test [options]",
		Description: `Reads the app's pack.json; nothing has to be built, and nothing is sent
(docs/webhooks.md).

   pack webhooks list
   pack webhooks test cms --body message.json
   pack webhooks test cms --body - --header "sanity-operation: update" < message.json`,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list webhooks, their secrets and what they refresh", UsageText: "pack webhooks list [options] [DIR]",
				Flags: []cli.Flag{asJSON},
				Action: func(c *cli.Context) error {
					dir, err := appDir(c)
					if err != nil {
						return err
					}
					return listWebhooks(s, c, dir)
				},
			},
			{
				Name: "test", Usage: "show what a message would refresh, and check its signature", UsageText: "pack webhooks test [options] NAME --body FILE [DIR]",
				Description: `The signature is checked if headers are given, with the secrets of the
environment and the app's .env files.`,
				Flags: []cli.Flag{
					asJSON,
					&cli.StringFlag{Name: "body", Usage: "the message as it was sent, a `FILE`; - reads it from the standard input"},
					&cli.StringSliceFlag{Name: "header", Usage: "a header of the message, `\"NAME: VALUE\"`; can be given several times"},
					&cli.StringFlag{Name: "target", Usage: "the `PATH` and query that it was sent to (default: /_pack/webhooks/NAME)"},
				},
				Action: func(c *cli.Context) error {
					switch args := c.Args().Slice(); len(args) {
					case 0:
						return usageError{errors.New("which webhook?")}
					case 1:
						return testWebhook(s, c, args[0], ".")
					case 2:
						return testWebhook(s, c, args[0], args[1])
					default:
						return usageError{fmt.Errorf("%q is too much", args[2])}
					}
				},
			},
		},
		Action: func(c *cli.Context) error { return missingSubcommand(c) },
	}
}

// webhookView is one endpoint in `pack webhooks list --json`.
type webhookView struct {
	Name   string          `json:"name"`
	Path   string          `json:"path"`
	Sender manifest.Sender `json:"sender"`
	// Secrets are names of variables; Unset those that have no value here.
	Secrets []string             `json:"secrets"`
	Unset   []string             `json:"unset"`
	Events  []string             `json:"events"`
	Filter  string               `json:"filter"`
	Tags    []string             `json:"tags"`
	Paths   []string             `json:"paths"`
	Mode    manifest.RefreshMode `json:"mode"`
}

func listWebhooks(s streams, c *cli.Context, dir string) error {
	hooks, env, err := appWebhooks(dir)
	if err != nil {
		return err
	}
	views := make([]webhookView, 0, len(hooks))
	for _, h := range hooks {
		v := webhookView{
			Name: h.Name, Path: webhooks.Path + h.Name, Sender: h.Sender, Secrets: []string{}, Unset: []string{}, Mode: h.Mode, Filter: h.Filter,
			Events: append([]string{}, h.Events...), Tags: append([]string{}, h.Tags...), Paths: append([]string{}, h.Paths...),
		}
		for _, secret := range h.Secrets {
			v.Secrets = append(v.Secrets, secret.Env)
			if env(secret.Env) == "" {
				v.Unset = append(v.Unset, secret.Env)
			}
		}
		views = append(views, v)
	}
	if c.Bool("json") {
		return printJSON(s.out, struct {
			Schema   int           `json:"schema"`
			Webhooks []webhookView `json:"webhooks"`
		}{jsonSchema, views})
	}
	if len(views) == 0 {
		fmt.Fprintln(s.err, "pack.json has no webhooks.")
		return nil
	}
	t := newTable("WEBHOOK", "SENDER", "PATH", "SECRETS", "MODE", "REFRESHES")
	for _, v := range views {
		secrets := slices.Clone(v.Secrets)
		for i, name := range secrets {
			if slices.Contains(v.Unset, name) {
				secrets[i] = name + " (not set)"
			}
		}
		t.row(v.Name, string(v.Sender), v.Path, strings.Join(secrets, ", "), string(v.Mode), strings.Join(slices.Concat(v.Tags, v.Paths), ", "))
	}
	return printTables(s.out, []*table{t})
}

// webhookTrial is what `pack webhooks test --json` prints.
type webhookTrial struct {
	Schema int             `json:"schema"`
	Name   string          `json:"name"`
	Sender manifest.Sender `json:"sender"`
	// Signature is "valid", "invalid" or "unchecked"; Reason says why.
	Signature string               `json:"signature"`
	Reason    string               `json:"reason"`
	Event     string               `json:"event"`
	Ignored   bool                 `json:"ignored"`
	Mode      manifest.RefreshMode `json:"mode"`
	Tags      []string             `json:"tags"`
	Paths     []string             `json:"paths"`
	// Problem is of an expression that does not fit the message.
	Problem string `json:"problem"`
}

func testWebhook(s streams, c *cli.Context, name, dir string) error {
	hooks, env, err := appWebhooks(dir)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(hooks, func(h manifest.Webhook) bool { return h.Name == name })
	if at < 0 {
		return &manifest.UserError{What: fmt.Sprintf("there is no webhook %q", name), Where: "pack.json: webhooks", Hint: "pack webhooks list shows those that are there"}
	}
	endpoint, err := webhooks.NewEndpoint(hooks[at], env)
	if err != nil {
		return err
	}
	d, err := deliveryOf(c, name)
	if err != nil {
		return err
	}
	message := endpoint.Message(d)
	trial := webhookTrial{Schema: jsonSchema, Name: name, Sender: hooks[at].Sender}
	trial.Signature, trial.Reason = checkSignature(endpoint, d)
	changes, err := endpoint.Changes(message)
	if err != nil {
		trial.Problem = err.Error()
	}
	trial.Event, trial.Ignored, trial.Mode = changes.Event, changes.Ignored, changes.Mode
	trial.Tags, trial.Paths = append([]string{}, changes.Tags...), append([]string{}, changes.Paths...)
	if c.Bool("json") {
		err = printJSON(s.out, trial)
	} else {
		err = trial.print(s.out)
	}
	switch {
	case err != nil:
		return err
	case trial.Signature == "invalid":
		return errors.New("the webhook would be refused: " + trial.Reason)
	case trial.Problem != "":
		return errors.New("the message does not fit the expressions: " + trial.Problem)
	}
	return nil
}

func checkSignature(endpoint *webhooks.Endpoint, d *webhooks.Delivery) (verdict, reason string) {
	if len(d.Header) == 0 {
		return "unchecked", "no headers were given"
	}
	if endpoint.Unset() {
		return "unchecked", "none of the secrets is set here"
	}
	if err := endpoint.Verify(d); err != nil {
		return "invalid", err.Error()
	}
	return "valid", ""
}

func (v webhookTrial) print(w io.Writer) error {
	signature := v.Signature
	if v.Reason != "" {
		signature += ": " + v.Reason
	}
	fmt.Fprintf(w, "signature  %s\n", signature)
	if v.Event != "" {
		fmt.Fprintf(w, "event      %s\n", v.Event)
	}
	switch {
	case v.Ignored:
		fmt.Fprintln(w, "ignored    by the webhook's events or filter")
	case len(v.Tags)+len(v.Paths) == 0:
		fmt.Fprintln(w, "refreshes  nothing")
	}
	for _, tag := range v.Tags {
		fmt.Fprintf(w, "tag        %s\n", tag)
	}
	for _, path := range v.Paths {
		fmt.Fprintf(w, "path       %s\n", path)
	}
	return nil
}

// deliveryOf reads the message of the command line.
func deliveryOf(c *cli.Context, name string) (*webhooks.Delivery, error) {
	d := &webhooks.Delivery{Method: http.MethodPost, Target: webhooks.Path + name, Header: http.Header{}, Received: time.Now()}
	if target := c.String("target"); target != "" {
		d.Target = target
	}
	for _, header := range c.StringSlice("header") {
		key, value, ok := strings.Cut(header, ":")
		if !ok {
			return nil, usageError{fmt.Errorf("a header is \"NAME: VALUE\", and not %q", header)}
		}
		d.Header.Add(strings.TrimSpace(key), strings.TrimSpace(value))
	}
	var err error
	switch file := c.String("body"); file {
	case "":
		return nil, usageError{errors.New("the message is missing: --body FILE")}
	case "-":
		d.Body, err = io.ReadAll(os.Stdin)
	default:
		d.Body, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return d, nil
}

// appWebhooks reads an app's pack.json, sorted by name, and gives what its
// secrets are read with.
func appWebhooks(dir string) ([]manifest.Webhook, func(string) string, error) {
	settings, err := manifest.LoadSettings(dir)
	if err != nil {
		return nil, nil, err
	}
	variables, err := appEnvironment(dir, os.Environ())
	if err != nil {
		return nil, nil, err
	}
	var hooks []manifest.Webhook
	for _, name := range slices.Sorted(maps.Keys(settings.Pack.Webhooks)) {
		hooks = append(hooks, settings.Pack.Webhooks[name].Planned(name))
	}
	return hooks, func(name string) string { return variables[name] }, nil
}
