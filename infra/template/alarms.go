package template

import (
	"encoding/json"
	"fmt"
	"strings"

	"pack/manifest"
)

// metricNamespace is where pack's own metrics are.
const metricNamespace = "Pack"

// abandonedMetric counts post-response work that maxDuration ended.
func (s *stack) abandonedMetric() string { return s.o.prefix() + " abandoned work" }

// metric is one series of CloudWatch.
type metric struct {
	namespace, name string
	// dimension and value are empty for a metric without dimensions.
	dimension string
	value     any
}

// limit says when an alarm goes off.
type limit struct {
	statistic string
	above     int
	// minutes is how many of them in a row.
	minutes int
}

// addAlarms makes alarms and the dashboard. What fails in a route is seen at
// the gateway, as 5xx: alarms do not grow with the routes.
func (s *stack) addAlarms() error {
	s.addAlarm("AbandonedWork", "Work after a response was ended by maxDuration: make it shorter, or a durable job",
		metric{namespace: metricNamespace, name: s.abandonedMetric()}, limit{"Sum", 0, 1})
	if !s.atHome {
		return nil
	}
	for _, kind := range []manifest.FunctionKind{manifest.GatewayFunction, manifest.WorkerFunction, manifest.ImageFunction} {
		f := s.ofKind(kind)
		if f == nil {
			continue
		}
		name := manifest.LambdaName(s.o.prefix(), f.Name)
		id := strings.ToUpper(string(kind[:1])) + string(kind[1:])
		of := func(what string) metric {
			return metric{namespace: "AWS/Lambda", name: what, dimension: "FunctionName", value: name}
		}
		if kind == manifest.GatewayFunction {
			s.addAlarm(id+"5xx", "The app answers with 5xx", of("Url5xxCount"), limit{"Sum", 5, 5})
		}
		s.addAlarm(id+"Errors", "The "+string(kind)+" fails", of("Errors"), limit{"Sum", 5, 5})
		s.addAlarm(id+"Throttles", "Lambda has no instance left for the "+string(kind)+": ask AWS for more concurrency", of("Throttles"), limit{"Sum", 0, 3})
	}
	if s.worker() != nil {
		for _, q := range []struct {
			id, dead, what string
			age            int
		}{
			{idRefresh, idRefreshDead, "stale pages", 600}, {idJobs, idJobsDead, "durable jobs", 1800},
		} {
			of := func(id, what string) metric {
				return metric{namespace: "AWS/SQS", name: what, dimension: "QueueName", value: attribute(id, "QueueName")}
			}
			s.addAlarm(q.id+"Age", fmt.Sprintf("The oldest of the %s waits for over %d minutes", q.what, q.age/60),
				of(q.id, "ApproximateAgeOfOldestMessage"), limit{"Maximum", q.age, 5})
			s.addAlarm(q.dead+"Visible", "There are dead letters of "+q.what+": pack jobs list, pack jobs redrive",
				of(q.dead, "ApproximateNumberOfMessagesVisible"), limit{"Maximum", 0, 1})
		}
	}
	return s.addDashboard()
}

func (s *stack) addAlarm(id, description string, m metric, l limit) {
	properties := object{
		"AlarmName": s.o.prefix() + "-" + id, "AlarmDescription": description,
		"Namespace": m.namespace, "MetricName": m.name, "Statistic": l.statistic, "Period": 60, "EvaluationPeriods": l.minutes,
		"Threshold": l.above, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
	}
	if m.dimension != "" {
		properties["Dimensions"] = list{object{"Name": m.dimension, "Value": m.value}}
	}
	if topic := s.o.AWS.AlarmTopic; topic != "" {
		properties["AlarmActions"], properties["OKActions"] = list{topic}, list{topic}
	}
	s.add("Alarm"+id, &resource{Type: "AWS::CloudWatch::Alarm", Properties: properties})
}

// widget is one graph of a dashboard.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// addDashboard shows the app at a glance: requests, failures, queues, and the
// slowest routes.
func (s *stack) addDashboard() error {
	lambda := func(function, name string) []any {
		return []any{"AWS/Lambda", name, "FunctionName", manifest.LambdaName(s.o.prefix(), function)}
	}
	queue := func(name, what string) []any {
		return []any{"AWS/SQS", what, "QueueName", s.o.prefix() + "-" + name}
	}
	gateway := s.ofKind(manifest.GatewayFunction).Name
	// Of all functions whose names have the words of the app's and the stage's in them.
	// In quotes it would be all of a name.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
	search := func(name, statistic string) []any {
		return []any{map[string]string{"expression": fmt.Sprintf(
			`SEARCH('{AWS/Lambda,FunctionName} MetricName="%s" FunctionName=%s', '%s', 300)`, name, s.o.prefix(), statistic)}}
	}
	graphs := []struct {
		title, statistic string
		metrics          [][]any
	}{
		{"Requests", "Sum", [][]any{lambda(gateway, "UrlRequestCount"), lambda(gateway, "Url4xxCount"), lambda(gateway, "Url5xxCount")}},
		{"Time to answer (ms, 95 of 100)", "p95", [][]any{lambda(gateway, "UrlRequestLatency")}},
		{"Instances at a time", "Maximum", [][]any{search("ConcurrentExecutions", "Maximum")}},
		{"Errors by function", "Sum", [][]any{search("Errors", "Sum")}},
		{"Duration by function (ms, 95 of 100)", "p95", [][]any{search("Duration", "p95")}},
		{"Work abandoned after responses", "Sum", [][]any{{metricNamespace, s.abandonedMetric()}}},
	}
	if s.worker() != nil {
		graphs = append(graphs, struct {
			title, statistic string
			metrics          [][]any
		}{"Age of the oldest message (s)", "Maximum", [][]any{
			queue("refresh.fifo", "ApproximateAgeOfOldestMessage"), queue("jobs", "ApproximateAgeOfOldestMessage"),
		}}, struct {
			title, statistic string
			metrics          [][]any
		}{"Dead letters", "Maximum", [][]any{
			queue("refresh-dead.fifo", "ApproximateNumberOfMessagesVisible"), queue("jobs-dead", "ApproximateNumberOfMessagesVisible"),
		}})
	}
	var body struct {
		Widgets []widget `json:"widgets"`
	}
	for i, g := range graphs {
		body.Widgets = append(body.Widgets, widget{
			Type: "metric", X: i % 2 * 12, Y: i / 2 * 6, Width: 12, Height: 6,
			Properties: map[string]any{"title": g.title, "region": s.region, "stat": g.statistic, "period": 300, "metrics": g.metrics},
		})
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	s.add("Dashboard", &resource{Type: "AWS::CloudWatch::Dashboard", Properties: object{
		"DashboardName": s.o.prefix() + "-" + s.region, "DashboardBody": string(text),
	}})
	return nil
}
