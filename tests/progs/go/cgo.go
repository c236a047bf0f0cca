// SPDX-License-Identifier: Apache-2.0

// C memory that Go code asks for: the one allocation in site() is 100 bytes, each from another depth of the goroutine.
package main

// #include <stdlib.h>
// static void *site(int size) { return malloc(size); }
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"unsafe"
)

const calls = 1000

//go:noinline
func deeper(levels int) unsafe.Pointer {
	if levels == 0 {
		return C.site(100)
	}
	return deeper(levels - 1)
}

func work(done chan<- bool) {
	for i := 0; i < calls; i++ {
		block := deeper(i % 5)
		if i%2 == 0 {
			C.free(block)
		}
	}
	done <- true
}

func main() {
	in := bufio.NewReader(os.Stdin)
	done := make(chan bool)
	fmt.Println("ready")
	in.ReadByte()
	for i := 0; i < 2; i++ {
		go work(done)
	}
	<-done
	<-done
	fmt.Println("done")
	in.ReadByte()
}
