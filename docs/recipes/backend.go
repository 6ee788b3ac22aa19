// SPDX-License-Identifier: MIT

// An application behind Sluice: takes each finished file once. Go 1.19 or later, the standard library alone.
//
//	go run backend.go -secret-file FILE [-listen PORT] [-files DIR]
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const window = 300 * time.Second

var (
	signature = regexp.MustCompile(`^t=([0-9]{1,15}),v1=([0-9a-f]{64})$`)
	isKey     = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

type backend struct {
	secret []byte
	files  string
}

type upload struct {
	ID       string  `json:"id"`
	FileName string  `json:"file_name"`
	FileSize int64   `json:"file_size"`
	SHA256   string  `json:"sha256"`
	TakenAt  float64 `json:"taken_at"`
}

// Headers that mean something here have to be signed.
func hasToBeSigned(name string) bool {
	return strings.HasPrefix(name, "x-sluice-") && !strings.HasPrefix(name, "x-sluice-sign") ||
		name == "idempotency-key" || name == "content-type"
}

// Whether Sluice made this request, and lately; of its body this says nothing.
func verify(r *http.Request, secret []byte, now time.Time) bool {
	found := signature.FindStringSubmatch(r.Header.Get("X-Sluice-Signature"))
	if found == nil {
		return false
	}
	seconds, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return false
	}
	signed := r.Header.Get("X-Sluice-Signed")
	lines := []string{fmt.Sprintf("%s.%s %s", found[1], r.Method, r.RequestURI), signed}
	names := map[string]bool{}
	for _, name := range strings.Split(signed, " ") {
		names[name] = true
		lines = append(lines, r.Header.Get(name))
	}
	for name := range r.Header {
		if lower := strings.ToLower(name); hasToBeSigned(lower) && !names[lower] {
			return false
		}
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join(lines, "\n")))
	given, _ := hex.DecodeString(found[2])
	return hmac.Equal(mac.Sum(nil), given)
}

// Writes all bytes to the disk, and returns their count and digest.
func save(path string, from io.Reader) (int64, string, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	digest := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, digest), from)
	if err == nil {
		err = file.Sync() // Sluice removes its copy when it is told 200.
	}
	return size, hex.EncodeToString(digest.Sum(nil)), err
}

// The upload's one effect. Of several attempts the first gives the answer that all of them get.
func (b *backend) take(u upload, own string) ([]byte, error) {
	u.TakenAt = float64(time.Now().UnixMilli()) / 1000
	text, err := json.Marshal(u)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(own, "file"), filepath.Join(b.files, u.ID+".bin")); err != nil {
		return nil, err
	}
	answer := filepath.Join(own, "answer")
	if _, _, err := save(answer, strings.NewReader(string(text))); err != nil {
		return nil, err
	}
	known := filepath.Join(b.files, u.ID+".json")
	if err := os.Link(answer, known); err == nil {
		fmt.Printf("took %s\n", u.ID) // Your application's own work goes here.
	} else if !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := syncNames(b.files); err != nil {
		return nil, err
	}
	return os.ReadFile(known)
}

func syncNames(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}

func (b *backend) receive(r *http.Request) ([]byte, error) {
	key, digest := r.Header.Get("Idempotency-Key"), r.Header.Get("X-Sluice-Body-SHA256")
	if !verify(r, b.secret, time.Now()) || !isKey.MatchString(key) || digest == "" {
		return nil, errors.New("the signature does not fit")
	}
	if known, err := os.ReadFile(filepath.Join(b.files, key+".json")); err == nil {
		_, err = io.Copy(io.Discard, r.Body)
		return known, err
	}
	// An attempt has files of its own: another one may still be at work.
	own, err := os.MkdirTemp(b.files, "part-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(own)
	size, got, err := save(filepath.Join(own, "file"), r.Body)
	if err != nil {
		return nil, err
	}
	if got != digest {
		return nil, errors.New("the body is not what was signed")
	}
	name, err := url.PathUnescape(r.Header.Get("X-Sluice-File-Name"))
	if err != nil {
		return nil, err
	}
	return b.take(upload{ID: key, FileName: name, FileSize: size, SHA256: digest}, own)
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer, err := b.receive(r)
	if err != nil {
		// 5xx, so that no file is refused for it while a secret is being changed.
		log.Print(err)
		w.WriteHeader(http.StatusServiceUnavailable)
		answer = []byte(`{"error":"NotTaken","message":"not taken"}`)
	}
	w.Write(answer)
}

func main() {
	listen := flag.Int("listen", 3000, "port on this machine")
	files := flag.String("files", "received", "directory of what was taken")
	secretFile := flag.String("secret-file", "", "file with the secret in its first line")
	flag.Parse()
	text, err := os.ReadFile(*secretFile)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.MkdirAll(*files, 0o700); err != nil {
		log.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *listen))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, &backend{secret: []byte(strings.TrimSpace(line)), files: *files}))
}
