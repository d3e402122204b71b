/* SPDX-License-Identifier: MIT */
/* What has been worked out of a run -> text for a person, on standard error. */
#include <string.h>

#include "launcher/explain_parts.h"
void explain_print(struct explain *explain) {(void)explain;}
void explain_tell(struct explain *explain, const struct seen_process *process,
		  const struct seen_load *load)
{
(void)explain; (void)process; (void)load;
}
