package runtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Detailed is implemented by errors that have a name and a stack of their own,
// as those of the JavaScript half.
type Detailed interface {
	error
	// Kind is the error's name, Trace its stack, a frame a line.
	Kind() string
	Trace() []string
}

// errorBody is the Runtime API's error object.
type errorBody struct {
	Message string   `json:"errorMessage"`
	Type    string   `json:"errorType"`
	Trace   []string `json:"stackTrace"`
}

func encodeError(kind string, err error) []byte {
	body := errorBody{Message: err.Error(), Type: kind, Trace: []string{}}
	var detailed Detailed
	if errors.As(err, &detailed) {
		body.Type, body.Trace = "Runtime."+detailed.Kind(), detailed.Trace()
	}
	encoded, failed := json.Marshal(body)
	if failed != nil {
		return []byte(`{"errorMessage":"unknown","errorType":"Runtime.Unknown","stackTrace":[]}`)
	}
	return encoded
}

// encodeErrorTrailer is base64 of the error object, as trailers have it.
func encodeErrorTrailer(kind string, err error) string {
	return base64.StdEncoding.EncodeToString(encodeError(kind, err))
}

// ReportInit tells the Runtime API why the function cannot start. The process
// has to end afterwards.
func ReportInit(address string, cause error) error {
	body := encodeError("Runtime.InitError", cause)
	request, err := http.NewRequest(http.MethodPost, "http://"+address+base+"/init/error", bytes.NewReader(body))
	if err != nil {
		return err
	}
	var kind struct {
		Type string `json:"errorType"`
	}
	if err := json.Unmarshal(body, &kind); err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/vnd.aws.lambda.error+json")
	request.Header.Set(headerErrorType, strings.TrimSpace(kind.Type))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
