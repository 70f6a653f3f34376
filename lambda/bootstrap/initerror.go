package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"pack/lambda/node"
)

// reportInit tells the Runtime API why the function cannot start
// (POST /runtime/init/error of the Runtime API, 2018-06-01).
func reportInit(api string, err error) {
	if api == "" {
		return
	}
	kind, trace := "Runtime.InitError", []string{}
	var load *node.LoadError
	if errors.As(err, &load) {
		kind, trace = "Runtime."+load.Name, strings.Split(load.Stack, "\n")
	}
	body, _ := json.Marshal(map[string]any{"errorType": kind, "errorMessage": err.Error(), "stackTrace": trace})
	request, failed := http.NewRequest(http.MethodPost, "http://"+api+"/2018-06-01/runtime/init/error", bytes.NewReader(body))
	if failed != nil {
		return
	}
	request.Header.Set("Content-Type", "application/vnd.aws.lambda.error+json")
	request.Header.Set("Lambda-Runtime-Function-Error-Type", kind)
	if response, failed := http.DefaultClient.Do(request); failed == nil {
		response.Body.Close()
	}
}
