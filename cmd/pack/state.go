package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"pack/infra/deploy"
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

// stageFlag names a deployed stage, of commands that work on the state of what runs
// somewhere.
func stageFlag() cli.Flag {
	return &cli.StringFlag{Name: "stage", Usage: "work on what is deployed on AWS as this stage's `NAME`, such as production", Action: notEmpty("stage")}
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
		packedFlag(),
		stageFlag(), regionFlag(),
	}, stateFlags()...), more...)
}

// deployedState is the state of the app in dir where it is deployed: of the stage and
// region that flags name.
func deployedState(ctx context.Context, c *cli.Context, s streams, dir string) (state.Settings, *target, deploy.Parts, error) {
	var none state.Settings
	for _, name := range []string{"bucket", "s3", "table", "dynamodb", "queue", "sqs"} {
		if c.IsSet(name) {
			return none, nil, deploy.Parts{}, usageError{fmt.Errorf("--stage and --%s exclude each other", name)}
		}
	}
	t, err := openTarget(ctx, dir, c, newProgress(s.err))
	if err != nil {
		return none, nil, deploy.Parts{}, err
	}
	parts, err := t.Parts(ctx)
	return state.Settings{
		Bucket: parts.Bucket, BucketOwner: t.Account.ID, TagTable: parts.TagTable, RefreshQueue: parts.RefreshQueue, JobQueue: parts.JobQueue,
		Region: t.Home, Credentials: t.Account.Credentials(),
	}, t, parts, err
}

// stateFor is the state of the app in dir: where it is deployed if --stage says so,
// else where the flags of stateFlags say.
func stateFor(c *cli.Context, s streams, dir, out string) (where state.Settings, err error) {
	if !c.IsSet("stage") {
		return stateOf(c, out)
	}
	err = interruptible(c.Context, func(ctx context.Context) error {
		where, _, _, err = deployedState(ctx, c, s, dir)
		return err
	})
	return where, err
}

// openJobs opens the jobs of the app that the flags of appFlags mean.
func openJobs(c *cli.Context, s streams) (*jobs.Client, error) {
	dir, out, err := folders(c.String("app"), c.String("out"))
	if err != nil {
		return nil, err
	}
	where, err := stateFor(c, s, dir, out)
	if err != nil {
		return nil, err
	}
	store, err := state.OpenJobs(where)
	if err != nil {
		return nil, err
	}
	queues, err := state.OpenQueues(where)
	if err != nil {
		return nil, err
	}
	return &jobs.Client{Store: store, Queue: queues.Jobs}, nil
}
