package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"pack/lambda/jobs"
	"pack/lambda/local/host"
	"pack/lambda/state"
)

// stateFlags say where an app's pages, tags and queues are, of every command
// that has to do with them.
func stateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "bucket", Usage: "keep pages and jobs in this S3 bucket `NAME` instead of the output folder"},
		&cli.StringFlag{Name: "s3", Usage: "the `URL` of an S3 server (default: AWS_ENDPOINT_URL_S3, or AWS)"},
		&cli.StringFlag{Name: "table", Usage: "keep tags in this DynamoDB table `NAME`"},
		&cli.StringFlag{Name: "dynamodb", Usage: "the `URL` of a DynamoDB server (default: AWS_ENDPOINT_URL_DYNAMODB, or AWS)"},
		&cli.StringFlag{Name: "queue", Usage: "use the SQS queues `NAME`-refresh.fifo and NAME-jobs (default with --sqs: pack)"},
		&cli.StringFlag{Name: "sqs", Usage: "the `URL` of an SQS server (default: AWS_ENDPOINT_URL_SQS, or AWS)"},
	}
}

// stateDir is where an app's state is unless a flag says otherwise.
func stateDir(out string) string { return filepath.Join(out, "state") }

// stateOf reads the flags of stateFlags. On servers that are not AWS's own it
// makes what is not there.
func stateOf(c *cli.Context, out string) (state.Settings, error) {
	s := state.Settings{
		Dir: stateDir(out), Bucket: c.String("bucket"), TagTable: c.String("table"),
		S3Endpoint: c.String("s3"), DynamoDBEndpoint: c.String("dynamodb"), SQSEndpoint: c.String("sqs"),
	}
	switch {
	case s.S3Endpoint != "" && s.Bucket == "":
		return s, usageError{errors.New("--s3 needs --bucket")}
	case s.DynamoDBEndpoint != "" && s.TagTable == "":
		return s, usageError{errors.New("--dynamodb needs --table")}
	}
	name := c.String("queue")
	if name == "" && s.SQSEndpoint != "" {
		name = "pack"
	}
	err := interruptible(c.Context, func(ctx context.Context) error { return host.FindServices(ctx, &s, name) })
	return s, err
}

// appFlags are stateFlags, and which app is meant.
func appFlags(more ...cli.Flag) []cli.Flag {
	return append(append([]cli.Flag{
		&cli.StringFlag{Name: "app", Value: ".", Usage: "the app's `DIR`"},
		&cli.StringFlag{Name: "out", Usage: "the `FOLDER` that pack build made (default: .pack in DIR)"},
	}, stateFlags()...), more...)
}

// openJobs opens the jobs of the app that the flags of appFlags mean.
func openJobs(c *cli.Context) (*jobs.Client, error) {
	_, out, err := folders(c.String("app"), c.String("out"))
	if err != nil {
		return nil, err
	}
	s, err := stateOf(c, out)
	if err != nil {
		return nil, err
	}
	store, err := state.OpenJobs(s)
	if err != nil {
		return nil, err
	}
	queues, err := state.OpenQueues(s)
	if err != nil {
		return nil, err
	}
	return &jobs.Client{Store: store, Queue: queues.Jobs}, nil
}
