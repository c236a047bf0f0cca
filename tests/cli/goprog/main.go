// SPDX-License-Identifier: Apache-2.0

// Writes a heap profile of itself: goprog FILE [SCALE], or serves it: goprog -listen.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

var blocks [][]byte
var words []string
var root *node

type node struct{ left, right *node }

//go:noinline
func manySmall(n int) {
	for i := 0; i < n; i++ {
		words = append(words, strings.Repeat("x", 24))
	}
}

//go:noinline
func fewBig() {
	for i := 0; i < 3; i++ {
		blocks = append(blocks, make([]byte, 4<<20))
	}
}

//go:noinline
func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

func inlined(b *bytes.Buffer, s string) { b.WriteString(s) }

//go:noinline
func garbage() int {
	var b bytes.Buffer
	for i := 0; i < 20000; i++ {
		inlined(&b, "hello world")
	}
	return b.Len()
}

func listen() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, nil))
}

func main() {
	runtime.MemProfileRate = 512
	scale := 1
	if len(os.Args) > 2 {
		scale, _ = strconv.Atoi(os.Args[2])
	}
	manySmall(5000 * scale)
	fewBig()
	if scale == 1 {
		root = tree(8)
	}
	for i := 0; i < 3*scale; i++ {
		garbage()
	}
	runtime.GC()
	if os.Args[1] == "-listen" {
		listen()
	}
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	pprof.Lookup("heap").WriteTo(f, 0)
	f.Close()
}
