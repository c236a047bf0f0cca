/* SPDX-License-Identifier: Apache-2.0 */
/* What root can do and the daemon need not. */
#pragma once

/*
 * Keep CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH as far as they are held, drop all others for good and
 * gain none by exec. 0 or -errno.
 */
int privileges_drop(void);
