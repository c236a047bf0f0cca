// SPDX-License-Identifier: Apache-2.0

// Writes the profiles that a Go program can: heap.go FOLDER.
package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
)

var keep [][]byte

func small(n int) {
	for i := 0; i < n; i++ {
		keep = append(keep, make([]byte, 48))
	}
}

func deep(depth int) {
	if depth == 0 {
		small(5000)
		keep = append(keep, make([]byte, 70000))
		return
	}
	deep(depth - 1)
}

func busy() {
	var out bytes.Buffer
	for i := 0; i < 30; i++ {
		zip := gzip.NewWriter(&out)
		zip.Write(make([]byte, 1<<20))
		zip.Close()
	}
}

func main() {
	create := func(name string) *os.File {
		file, err := os.Create(filepath.Join(os.Args[1], name))
		if err != nil {
			panic(err)
		}
		return file
	}
	runtime.MemProfileRate = 512
	runtime.SetBlockProfileRate(1)
	pprof.StartCPUProfile(create("cpu.pb.gz"))
	deep(10)
	deep(3)
	busy()
	var lock sync.Mutex
	for i := 0; i < 100; i++ {
		lock.Lock()
		go lock.Unlock()
		lock.Lock()
		lock.Unlock()
	}
	pprof.StopCPUProfile()
	runtime.GC()
	for _, name := range []string{"heap", "allocs", "goroutine", "block", "threadcreate"} {
		pprof.Lookup(name).WriteTo(create(name+".pb.gz"), 0)
	}
}
