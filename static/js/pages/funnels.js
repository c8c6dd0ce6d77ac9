/** The funnels page: the parts of all builders, and steps that are dragged. */

import 'portal/pages/explore.js';
import 'portal/components/step-list.js';
