package worker

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"pack/lambda/queue"
)

// Event is what an SQS event source hands to a function.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type Event struct {
	Records []Record `json:"Records"`
}

// Record is one message of an Event.
type Record struct {
	MessageID     string            `json:"messageId"`
	ReceiptHandle string            `json:"receiptHandle"`
	Body          string            `json:"body"`
	Attributes    map[string]string `json:"attributes"`
	// MessageAttributes are always empty here.
	MessageAttributes map[string]any `json:"messageAttributes"`
	MD5OfBody         string         `json:"md5OfBody"`
	EventSource       string         `json:"eventSource"`
	EventSourceARN    string         `json:"eventSourceARN"`
	AWSRegion         string         `json:"awsRegion"`
}

// Answer names the messages that are to be received again; the others are
// deleted (ReportBatchItemFailures).
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type Answer struct {
	BatchItemFailures []ItemFailure `json:"batchItemFailures"`
}

// ItemFailure names one message.
type ItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Attributes gives a delivery's system attributes as an event has them.
func Attributes(d queue.Delivery) map[string]string {
	attributes := map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(d.ReceiveCount),
		"SentTimestamp":           strconv.FormatInt(d.Sent.UnixMilli(), 10),
	}
	if d.Group != "" {
		attributes["MessageGroupId"], attributes["MessageDeduplicationId"] = d.Group, d.Deduplication
	}
	return attributes
}

// delivery is the reverse of Attributes.
func (r *Record) delivery() queue.Delivery {
	count, _ := strconv.Atoi(r.Attributes["ApproximateReceiveCount"])
	sent, _ := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64)
	return queue.Delivery{
		ID: r.MessageID, Receipt: r.ReceiptHandle, Body: r.Body, ReceiveCount: max(1, count), Sent: time.UnixMilli(sent),
		Group: r.Attributes["MessageGroupId"], Deduplication: r.Attributes["MessageDeduplicationId"],
	}
}

func parse(payload []byte) (*Event, error) {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	if len(e.Records) == 0 {
		return nil, fmt.Errorf("decode event: there are no Records; this function answers SQS events")
	}
	for _, r := range e.Records {
		if r.MessageID == "" || r.EventSource != "aws:sqs" {
			return nil, fmt.Errorf("decode event: a record is no message of SQS (eventSource %q)", r.EventSource)
		}
	}
	return &e, nil
}
