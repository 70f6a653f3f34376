package local

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAsync is AWS's limit of the event of an asynchronous invocation, in bytes;
// asyncWait is how long such an event waits for an instance (on AWS for hours).
const (
	maxAsync  = 1 << 20
	asyncWait = time.Minute
)

// ServeHTTP is the Invoke API, for any AWS SDK. Signatures are not checked. See
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	w.Header().Set("X-Amzn-Requestid", requestID)
	name, streamed, ok := invokedFunction(r.URL.Path)
	if !ok || r.Method != http.MethodPost {
		refuseInvoke(w, http.StatusNotFound, "UnknownOperationException", "", "no such operation")
		return
	}
	fn, err := s.lookup(name, r.URL.Query().Get("Qualifier"))
	if err != nil {
		invokeFailed(w, err)
		return
	}
	inv := &invocation{
		name:    fn.key(),
		id:      requestID,
		trace:   headerText(r.Header.Get("X-Amzn-Trace-Id")),
		raw:     streamed,
		maxWait: s.opts.MaxWait,
	}
	if encoded := r.Header.Get("X-Amz-Client-Context"); encoded != "" {
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || !json.Valid(text) || headerText(string(text)) == "" {
			refuseInvoke(w, http.StatusBadRequest, "InvalidRequestContentException", "User", "Client context must be a valid Base64-encoded JSON object.")
			return
		}
		inv.clientContext = string(text)
	}
	if inv.payload, err = invokePayload(w, r); err != nil {
		invokeFailed(w, err)
		return
	}
	w.Header().Set("X-Amz-Executed-Version", fn.Version)
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); {
	case kind == "DryRun":
		inv.payload.free()
		w.WriteHeader(http.StatusNoContent)
	case kind == "Event" && !streamed:
		s.invokeLater(w, inv)
	case kind != "" && kind != "RequestResponse":
		inv.payload.free()
		refuseInvoke(w, http.StatusBadRequest, "InvalidParameterValueException", "User", "unknown invocation type")
	case streamed:
		s.invokeStream(w, r, inv)
	default:
		s.invokeWhole(w, r, inv)
	}
}

// invokedFunction reads the function of a path, given by name or ARN.
func invokedFunction(path string) (name string, streamed, ok bool) {
	if rest, found := strings.CutPrefix(path, "/2015-03-31/functions/"); found {
		name, ok = strings.CutSuffix(rest, "/invocations")
		return name, false, ok
	}
	if rest, found := strings.CutPrefix(path, "/2021-11-15/functions/"); found {
		name, ok = strings.CutSuffix(rest, "/response-streaming-invocations")
		return name, true, ok
	}
	return "", false, false
}

// lookup finds a function by name, name:qualifier, partial or full ARN.
func (s *Service) lookup(name, qualifier string) (*function, error) {
	asked := name
	if _, rest, isARN := strings.Cut(name, ":function:"); isARN {
		name = rest
	}
	if before, after, ok := strings.Cut(name, ":"); ok {
		name = before
		qualifier = defaulted(qualifier, after)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if qualifier != "" {
		name += ":" + qualifier
	}
	fn := s.find(name)
	if fn == nil {
		return nil, &NotFoundError{Name: asked}
	}
	return fn, nil
}

var errNotJSON = errors.New("could not parse request body into json")

func invokePayload(w http.ResponseWriter, r *http.Request) (*buffer, error) {
	b, err := requestBody(w, r)
	if err == nil && len(b.bytes) == 0 {
		b.bytes = append(b.bytes, "{}"...)
	}
	if err == nil && !json.Valid(b.bytes) {
		err = errNotJSON
	}
	if err != nil {
		b.free()
		return nil, err
	}
	return b, nil
}

// invokeWhole is RequestResponse: the answer is sent once it is complete.
func (s *Service) invokeWhole(w http.ResponseWriter, r *http.Request, inv *invocation) {
	st, err := s.invoke(r.Context(), inv)
	var whole []byte
	if err == nil {
		if whole, err = st.readWhole(maxBuffered); errors.Is(err, errOverLimit) {
			_ = st.Close()
			err = newFunctionError(inv.id, errTooLarge,
				"Response payload size exceeded maximum allowed payload size (%d bytes).", maxBuffered)
		}
	}
	var failed *FunctionError
	switch {
	case errors.As(err, &failed):
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		whole = failed.Payload
	case err != nil:
		invokeFailed(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
	_, _ = w.Write(whole) // a client that is gone
}

// invokeLater is Event: the caller is answered before the function runs. What comes of
// it is only logged, and not tried again.
func (s *Service) invokeLater(w http.ResponseWriter, inv *invocation) {
	if n := len(inv.payload.bytes); n > maxAsync {
		inv.payload.free()
		invokeFailed(w, &TooLargeError{Size: n, Limit: maxAsync})
		return
	}
	inv.maxWait = max(asyncWait, inv.maxWait)
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		invokeFailed(w, ErrClosed)
		return
	}
	s.wg.Go(func() {
		st, err := s.invoke(context.Background(), inv)
		if err == nil {
			_, err = st.readWhole(maxBuffered)
			_ = st.Close()
		}
		var failed *FunctionError
		if err != nil && !errors.As(err, &failed) { // those are in the log already
			s.logs.write(inv.name+" ", err.Error())
		}
	})
	s.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// invokeFailed answers what is not the function's doing.
func invokeFailed(w http.ResponseWriter, err error) {
	var (
		notFound  *NotFoundError
		throttled *ThrottledError
		tooLarge  *TooLargeError
	)
	switch {
	case errors.As(err, &notFound):
		refuseInvoke(w, http.StatusNotFound, "ResourceNotFoundException", "User", "Function not found: "+notFound.Name)
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException",
			map[string]string{"Reason": throttled.Reason, "Type": "User", "message": "Rate Exceeded."})
	case errors.As(err, &tooLarge):
		refuseInvoke(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "User",
			strconv.Itoa(tooLarge.Size)+" byte payload is too large for the invocation (limit "+strconv.Itoa(tooLarge.Limit)+" bytes)")
	case errors.Is(err, errNotJSON):
		refuseInvoke(w, http.StatusBadRequest, "InvalidRequestContentException", "User", "Could not parse request body into json")
	default:
		refuseInvoke(w, http.StatusInternalServerError, "ServiceException", "Service", err.Error())
	}
}

func refuseInvoke(w http.ResponseWriter, status int, code, kind, message string) {
	refuse(w, status, code, map[string]string{"Type": kind, "Message": message})
}

func refuse(w http.ResponseWriter, status int, code string, fields map[string]string) {
	doc, _ := json.Marshal(fields) // strings always marshal
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(doc) // a client that is gone
}
