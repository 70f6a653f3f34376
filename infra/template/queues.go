package template

import "pack/manifest"

// Outputs of the home stack with the URLs of its queues.
const (
	OutputRefreshQueue = idRefresh + urlSuffix
	OutputJobQueue     = idJobs + urlSuffix

	urlSuffix = "Url"
)

const (
	idRefresh     = "RefreshQueue"
	idRefreshDead = "RefreshDeadLetters"
	idJobs        = "JobQueue"
	idJobsDead    = "JobDeadLetters"
)

// How often a message is received before it becomes a dead letter, as in
// package state (RefreshReceives, JobReceives).
const (
	refreshReceives = 30
	jobReceives     = 20
)

// How the worker is called: few messages at a time, so that one slow page does
// not hold up the others of its batch for long, and bounded, so that a burst of
// webhooks does not take the concurrency that visitors need.
const (
	batchSize      = 5
	maxConcurrency = 20
)

// retention is SQS's longest, 14 days in seconds.
const retention = 1209600

// worker is the function behind the queues; nil without one.
func (s *stack) worker() *manifest.Function { return s.ofKind(manifest.WorkerFunction) }

func (s *stack) ofKind(kind manifest.FunctionKind) *manifest.Function {
	for i := range s.d.Functions {
		if s.d.Functions[i].Kind == kind {
			return &s.d.Functions[i]
		}
	}
	return nil
}

// addQueues makes the queues with their dead letters.
func (s *stack) addQueues() error {
	w := s.worker()
	if w == nil || !s.atHome {
		return nil
	}
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	visibility := 6 * timeout(w)
	s.addQueue(idRefresh, idRefreshDead, "refresh", true, visibility, refreshReceives)
	s.addQueue(idJobs, idJobsDead, "jobs", false, visibility, jobReceives)
	return nil
}

func (s *stack) addQueue(id, dead, name string, fifo bool, visibility, receives int) {
	suffix, properties := "", object{"MessageRetentionPeriod": retention, "SqsManagedSseEnabled": true}
	if fifo {
		suffix = ".fifo"
		properties["FifoQueue"] = true
	}
	letters := object{"QueueName": s.o.prefix() + "-" + name + "-dead" + suffix}
	for key, value := range properties {
		letters[key] = value
	}
	s.add(dead, &resource{Type: "AWS::SQS::Queue", Properties: letters})
	properties["QueueName"] = s.o.prefix() + "-" + name + suffix
	properties["VisibilityTimeout"] = visibility
	properties["RedrivePolicy"] = object{"deadLetterTargetArn": attribute(dead, "Arn"), "maxReceiveCount": receives}
	s.add(id, &resource{Type: "AWS::SQS::Queue", Properties: properties})
	s.add(id+"Policy", &resource{Type: "AWS::SQS::QueuePolicy", Properties: object{
		"Queues": list{ref(id), ref(dead)},
		"PolicyDocument": policyDocument(object{
			"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*",
			"Resource":  list{attribute(id, "Arn"), attribute(dead, "Arn")},
			"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
		}),
	}})
	s.outputs[id+urlSuffix] = output{"The queue " + name, ref(id)}
}

// addEventSource has the worker called with a queue's messages.
func (s *stack) addEventSource(queue string, alias any) {
	s.add(queue+"Source", &resource{Type: "AWS::Lambda::EventSourceMapping", Properties: object{
		"EventSourceArn": attribute(queue, "Arn"), "FunctionName": alias, "BatchSize": batchSize,
		"FunctionResponseTypes": list{"ReportBatchItemFailures"},
		"ScalingConfig":         object{"MaximumConcurrency": maxConcurrency},
	}})
}
