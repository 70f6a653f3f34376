//go:build unix

package awsstacks

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// stack is one that there is, or was.
type stack struct {
	name, id, region, status, reason string
	// token is of the operation that came last.
	token      string
	template   string
	parameters map[string]string
	tags       map[string]string
	outputs    map[string]string
	physical   map[string]string
	// aliases are the versions that CloudFormation has pointed them to, by logical id:
	// what somebody else does to them it does not know of.
	aliases map[string]string
	sets    map[string]*changeSet
	events  []event
}

type changeSet struct {
	id, status, reason, kind string
	template                 string
	parameters               map[string]string
	tags                     map[string]string
	changes                  []string
}

type event struct {
	id, logical, physical, kind, status, reason, token string
	at                                                 time.Time
}

// document is a template as far as it is looked at.
type document struct {
	Parameters map[string]struct{ Default *string }
	Conditions map[string]any
	Resources  map[string]*resource
	Outputs    map[string]struct{ Value any }
}

type resource struct {
	Type                string
	DependsOn           any            `json:",omitempty"`
	DeletionPolicy      string         `json:",omitempty"`
	UpdateReplacePolicy string         `json:",omitempty"`
	Properties          map[string]any `json:",omitempty"`
}

func parse(template string) document {
	var d document
	if err := json.Unmarshal([]byte(template), &d); err != nil {
		panic(err)
	}
	return d
}

// find gives a stack that is there by name, or any by ID.
func (s *Stacks) find(region, name string) *stack {
	for i := len(s.stacks) - 1; i >= 0; i-- {
		each := s.stacks[i]
		if each.id == name || each.name == name && each.region == region && each.status != "DELETE_COMPLETE" {
			return each
		}
	}
	return nil
}

// cloudFormation answers a request of the query protocol.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
func (s *Stacks) cloudFormation(w http.ResponseWriter, region string, form url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	action, name := form.Get("Action"), form.Get("StackName")
	found := s.find(region, name)
	if found == nil && action != "CreateChangeSet" && form.Get("ChangeSetName") == "" && action != "DeleteStack" {
		refuse(w, fmt.Sprintf("Stack with id %s does not exist", name))
		return
	}
	switch action {
	case "CreateChangeSet":
		s.createChangeSet(w, region, name, found, form)
	case "DescribeChangeSet", "DeleteChangeSet", "ExecuteChangeSet":
		owner, set := s.set(form.Get("ChangeSetName"))
		if set == nil {
			refuse(w, "ChangeSet does not exist")
			return
		}
		switch action {
		case "DescribeChangeSet":
			var changes []string
			for _, id := range set.changes {
				changes = append(changes, fmt.Sprintf("<member><Type>Resource</Type><ResourceChange><LogicalResourceId>%s</LogicalResourceId></ResourceChange></member>", id))
			}
			reply(w, action, fmt.Sprintf("<ChangeSetId>%s</ChangeSetId><Status>%s</Status><StatusReason>%s</StatusReason>%s",
				set.id, set.status, escape(set.reason), page("Changes", changes, form)))
		case "DeleteChangeSet":
			delete(owner.sets, set.id)
			reply(w, action, "")
		default:
			if token := form.Get("ClientRequestToken"); token == owner.token {
				reply(w, action, "") // the same request once more
				return
			}
			if strings.HasSuffix(owner.status, "_IN_PROGRESS") && owner.status != "REVIEW_IN_PROGRESS" {
				refuse(w, fmt.Sprintf("Stack:%s is in %s state and can not be updated.", owner.id, owner.status))
				return
			}
			s.execute(owner, set, form.Get("ClientRequestToken"))
			reply(w, action, "")
		}
	case "DescribeStacks":
		reply(w, action, "<Stacks><member>"+found.describe()+"</member></Stacks>")
	case "DescribeStackEvents":
		var members []string
		for _, e := range slices.Backward(found.events) {
			members = append(members, fmt.Sprintf("<member><EventId>%s</EventId><StackId>%s</StackId><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType><ResourceStatus>%s</ResourceStatus><ResourceStatusReason>%s</ResourceStatusReason><ClientRequestToken>%s</ClientRequestToken><Timestamp>%s</Timestamp></member>",
				e.id, found.id, e.logical, escape(e.physical), e.kind, e.status, escape(e.reason), e.token, e.at.UTC().Format(time.RFC3339)))
		}
		reply(w, action, page("StackEvents", members, form))
	case "ListStackResources":
		s.listResources(w, found, form)
	case "GetTemplate":
		reply(w, action, "<TemplateBody>"+escape(found.template)+"</TemplateBody>")
	case "DeleteStack":
		if found != nil && strings.HasPrefix(found.status, "UPDATE") && strings.HasSuffix(found.status, "_IN_PROGRESS") {
			refuse(w, fmt.Sprintf("Stack [%s] cannot be deleted while in status %s", found.name, found.status))
			return
		}
		if found != nil {
			s.remove(found)
		}
		reply(w, action, "")
	case "RollbackStack":
		if found.status != "UPDATE_FAILED" {
			refuse(w, "it is not in UPDATE_FAILED")
			return
		}
		found.status = "UPDATE_ROLLBACK_COMPLETE"
		reply(w, action, "")
	case "ContinueUpdateRollback":
		if found.status != "UPDATE_ROLLBACK_FAILED" {
			refuse(w, "it is not in UPDATE_ROLLBACK_FAILED")
			return
		}
		found.status = "UPDATE_ROLLBACK_COMPLETE"
		if s.fail != nil {
			if f := s.fail(found.name, found.region); f != nil && (form.Get("ForceRollback") != "true" || f.Stuck) {
				found.status = f.Status
			}
		}
		reply(w, action, "")
	default:
		refuse(w, action+" is not known here")
	}
}

func (s *Stacks) set(id string) (*stack, *changeSet) {
	for _, each := range s.stacks {
		if set := each.sets[id]; set != nil {
			return each, set
		}
	}
	return nil, nil
}

func (s *Stacks) createChangeSet(w http.ResponseWriter, region, name string, found *stack, form url.Values) {
	set := &changeSet{kind: form.Get("ChangeSetType"), status: "CREATE_COMPLETE", parameters: map[string]string{}, tags: map[string]string{}}
	for i := 1; form.Get(fmt.Sprintf("Parameters.member.%d.ParameterKey", i)) != ""; i++ {
		set.parameters[form.Get(fmt.Sprintf("Parameters.member.%d.ParameterKey", i))] = form.Get(fmt.Sprintf("Parameters.member.%d.ParameterValue", i))
	}
	for i := 1; form.Get(fmt.Sprintf("Tags.member.%d.Key", i)) != ""; i++ {
		set.tags[form.Get(fmt.Sprintf("Tags.member.%d.Key", i))] = form.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
	set.template = s.object(region, form.Get("TemplateURL"))
	switch {
	case set.template == "":
		refuse(w, "S3 error: The specified key does not exist.")
		return
	case set.kind == "CREATE" && found != nil && found.status != "REVIEW_IN_PROGRESS":
		refuse(w, fmt.Sprintf("Stack [%s] already exists and cannot be created again with the changeSet.", name))
		return
	case set.kind == "UPDATE" && found == nil:
		refuse(w, fmt.Sprintf("Stack [%s] does not exist", name))
		return
	case found != nil && !strings.HasSuffix(found.status, "COMPLETE") && found.status != "REVIEW_IN_PROGRESS", found != nil && found.status == "ROLLBACK_COMPLETE":
		refuse(w, fmt.Sprintf("Stack:%s is in %s state and can not be updated.", found.id, found.status))
		return
	}
	for parameter, p := range parse(set.template).Parameters {
		if _, given := set.parameters[parameter]; !given && p.Default == nil {
			refuse(w, fmt.Sprintf("Parameters: [%s] must have values", parameter))
			return
		}
	}
	if found == nil {
		found = newStack(name, region, len(s.stacks))
		s.stacks = append(s.stacks, found)
	}
	set.id = fmt.Sprintf("arn:aws:cloudformation:%s:123456789012:changeSet/%s/%d", region, form.Get("ChangeSetName"), len(found.sets))
	set.changes = differing(found.template, set.template)
	if set.kind == "UPDATE" && found.template == set.template && fmt.Sprint(found.parameters) == fmt.Sprint(set.parameters) {
		set.status, set.reason = "FAILED", "The submitted information didn't contain changes. Submit different information to create a change set."
	}
	found.sets[set.id] = set
	if s.setOf == nil {
		s.setOf = map[string]string{}
	}
	s.setOf[set.id] = found.id
	reply(w, "CreateChangeSet", "<Id>"+set.id+"</Id><StackId>"+found.id+"</StackId>")
}

// differing lists the resources that two templates differ in.
func differing(before, after string) []string {
	old := map[string]string{}
	if before != "" {
		for id, r := range parse(before).Resources {
			text, _ := json.Marshal(r)
			old[id] = string(text)
		}
	}
	var ids []string
	for id, r := range parse(after).Resources {
		if text, _ := json.Marshal(r); old[id] != string(text) {
			ids = append(ids, id)
		}
		delete(old, id)
	}
	for id := range old {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

func (found *stack) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<StackName>%s</StackName><StackId>%s</StackId><StackStatus>%s</StackStatus><StackStatusReason>%s</StackStatusReason><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>",
		found.name, found.id, found.status, escape(found.reason))
	for key, value := range found.outputs {
		fmt.Fprintf(&b, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", key, escape(value))
	}
	b.WriteString("</Outputs><Parameters>")
	for key, value := range found.parameters {
		fmt.Fprintf(&b, "<member><ParameterKey>%s</ParameterKey><ParameterValue>%s</ParameterValue></member>", key, escape(value))
	}
	b.WriteString("</Parameters><Tags>")
	for key, value := range found.tags {
		fmt.Fprintf(&b, "<member><Key>%s</Key><Value>%s</Value></member>", key, escape(value))
	}
	return b.String() + "</Tags>"
}

func (s *Stacks) listResources(w http.ResponseWriter, found *stack, form url.Values) {
	var members []string
	if found.template != "" {
		resources := parse(found.template).Resources
		for _, id := range slices.Sorted(maps.Keys(resources)) {
			members = append(members, fmt.Sprintf("<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp></member>",
				id, escape(found.physical[id]), resources[id].Type))
		}
	}
	reply(w, "ListStackResources", page("StackResourceSummaries", members, form))
}

// perPage is how many members CloudFormation lists at a time.
const perPage = 100

// page is the part of a list that a request asks for.
func page(list string, members []string, form url.Values) string {
	from, _ := strconv.Atoi(form.Get("NextToken"))
	to, next := min(from+perPage, len(members)), ""
	if to < len(members) {
		next = fmt.Sprintf("<NextToken>%d</NextToken>", to)
	}
	return "<" + list + ">" + strings.Join(members[from:to], "") + "</" + list + ">" + next
}

func reply(w http.ResponseWriter, action, result string) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<%sResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><%sResult>%s</%sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>`,
		action, action, result, action, action)
}

func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, escape(message))
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
