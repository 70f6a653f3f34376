//go:build unix

package awsstacks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Call is a request as IAM sees it.
type Call struct {
	// Action is as "s3:GetObject"; "" for a request that nobody has named here.
	Action string
	// Resources are the ARNs that it is about; "*" where the action takes none.
	Resources []string
	// What is the request, as Break is told it.
	What string
}

// account is moto's.
const account = "123456789012"

// Calls gives what was asked from the start, each once.
func (s *Stacks) Calls() []Call {
	s.asked.Lock()
	defer s.asked.Unlock()
	return slices.Clone(s.calls)
}

// record notes a request; asked is locked.
func (s *Stacks) record(r *http.Request, what, region, service string, form url.Values, body []byte) {
	for _, c := range callsOf(r, region, service, form, body) {
		c.What = what
		if key := fmt.Sprint(c.Action, c.Resources); !s.known[key] {
			if s.known == nil {
				s.known = map[string]bool{}
			}
			s.known[key] = true
			s.calls = append(s.calls, c)
		}
	}
}

// callsOf says what a request asks leave for: most ask for one action on one resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
func callsOf(r *http.Request, region, service string, form url.Values, body []byte) []Call {
	arn := func(where, resource string) []string {
		return []string{fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, where, account, resource)}
	}
	switch service {
	case "s3":
		return objectCalls(r, body)
	case "sts":
		return nil // sts:GetCallerIdentity needs no permission.
	case "cloudformation":
		name := form.Get("StackName")
		if set := form.Get("ChangeSetName"); strings.HasPrefix(set, "arn:") {
			// A change set's ARN has its name and not its stack's, which IAM looks up.
			return []Call{{Action: "cloudformation:" + form.Get("Action"), Resources: []string{"stack of " + set}}}
		}
		if !strings.HasPrefix(name, "arn:") {
			return []Call{{Action: "cloudformation:" + form.Get("Action"), Resources: arn(region, "stack/"+name+"/0")}}
		}
		return []Call{{Action: "cloudformation:" + form.Get("Action"), Resources: []string{name}}}
	case "lambda":
		action, resource := functionCall(r)
		return []Call{{Action: action, Resources: arn(region, resource)}}
	case "cloudfront":
		parts := strings.Split(r.URL.Path, "/")
		if r.Method == http.MethodPost && len(parts) == 5 && parts[4] == "invalidation" {
			return []Call{{Action: "cloudfront:CreateInvalidation", Resources: arn("", "distribution/"+parts[3])}}
		}
		return []Call{{}}
	}
	var named struct {
		Name, TableName, QueueUrl, QueueName, LogGroupName, ServiceCode, QuotaCode string

		RequestItems map[string]any
	}
	_ = json.Unmarshal(body, &named) // a body that is no JSON names nothing
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	call := Call{Action: service + ":" + operation}
	switch service {
	case "ssm":
		call.Resources = arn(region, "parameter"+named.Name)
	case "dynamodb":
		call.Resources = nil
		for _, table := range slices.Sorted(maps.Keys(named.RequestItems)) {
			call.Resources = append(call.Resources, arn(region, "table/"+table)...)
		}
		if named.TableName != "" {
			call.Resources = arn(region, "table/"+named.TableName)
		}
	case "sqs":
		if strings.HasSuffix(operation, "Batch") { // which needs the permission of one
			call.Action = service + ":" + strings.TrimSuffix(operation, "Batch")
		}
		call.Resources = arn(region, named.QueueName+named.QueueUrl[strings.LastIndex(named.QueueUrl, "/")+1:])
	case "logs":
		call.Resources = arn(region, "log-group:"+named.LogGroupName)
		if operation == "DescribeLogGroups" {
			call.Resources = []string{"*"}
		}
	case "monitoring":
		// The query protocol, or a path of the newer one.
		asked, _ := url.ParseQuery(string(body))
		operation = cmp.Or(operation, asked.Get("Action"), r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		call.Action = "cloudwatch:" + operation
		call.Resources = []string{fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:*", region, account)}
	case "servicequotas":
		call.Resources = arn(region, named.ServiceCode+"/"+named.QuotaCode)
		if operation == "GetAWSDefaultServiceQuota" {
			call.Resources = []string{"*"}
		}
	default:
		return []Call{{}}
	}
	if operation == "" {
		call.Action = ""
	}
	return []Call{call}
}

// functionCall names a request of Lambda's.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func functionCall(r *http.Request) (action, resource string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // 2015-03-31, functions, name, …
	if len(parts) < 3 || parts[1] != "functions" {
		return "", ""
	}
	resource = "function:" + parts[2]
	if qualifier := r.URL.Query().Get("Qualifier"); qualifier != "" {
		resource += ":" + qualifier
	}
	rest := strings.Join(parts[3:], "/")
	if name, ok := strings.CutPrefix(rest, "aliases/"); ok {
		rest, resource = "aliases/", resource+":"+name
	}
	return map[string]string{
		"GET aliases/": "lambda:GetAlias", "PUT aliases/": "lambda:UpdateAlias", "GET versions": "lambda:ListVersionsByFunction", "POST versions": "lambda:PublishVersion",
		"DELETE ": "lambda:DeleteFunction", "GET ": "lambda:GetFunction", "GET configuration": "lambda:GetFunctionConfiguration", "POST invocations": "lambda:InvokeFunction",
	}[r.Method+" "+rest], resource
}

// objectCalls name a request of S3's; deleting several objects asks for each.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
func objectCalls(r *http.Request, body []byte) []Call {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	about := []string{"arn:aws:s3:::" + bucket}
	if key != "" {
		action := map[string]string{
			http.MethodGet: "s3:GetObject", http.MethodHead: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodPost: "s3:PutObject", http.MethodDelete: "s3:DeleteObject",
		}[r.Method]
		return []Call{{Action: action, Resources: []string{about[0] + "/" + key}}}
	}
	if query.Has("delete") {
		calls := []Call{{Action: "s3:DeleteObject", Resources: []string{about[0] + "/*"}}}
		if strings.Contains(string(body), "<VersionId>") {
			calls = append(calls, Call{Action: "s3:DeleteObjectVersion", Resources: []string{about[0] + "/*"}})
		}
		return calls
	}
	for _, c := range []struct{ method, query, action string }{
		{http.MethodPut, "publicAccessBlock", "s3:PutBucketPublicAccessBlock"}, {http.MethodPut, "encryption", "s3:PutEncryptionConfiguration"},
		{http.MethodPut, "policy", "s3:PutBucketPolicy"}, {http.MethodPut, "tagging", "s3:PutBucketTagging"}, {http.MethodGet, "versions", "s3:ListBucketVersions"},
		{http.MethodGet, "list-type", "s3:ListBucket"},
	} {
		if r.Method == c.method && query.Has(c.query) {
			return []Call{{Action: c.action, Resources: about}}
		}
	}
	plain := map[string]string{http.MethodHead: "s3:ListBucket", http.MethodDelete: "s3:DeleteBucket", http.MethodPut: "s3:CreateBucket"}[r.Method]
	query.Del("x-id")
	if bucket == "" || len(query) > 0 {
		plain = ""
	}
	calls := []Call{{Action: plain, Resources: about}}
	if r.Header.Get("X-Amz-Object-Ownership") != "" {
		calls = append(calls, Call{Action: "s3:PutBucketOwnershipControls", Resources: about})
	}
	return calls
}
